"""Make the tables of the search, and the engine's index of words."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "search_1"
down_revision = None
branch_labels = ("search",)
depends_on = None

_BINARY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    _make_rooms_and_documents()
    op.create_table(
        "search_words",
        sa.Column("word", _BINARY, nullable=False),
        sa.Column("documents", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("word", name="pk_search_words"),
    )
    op.create_table(
        "search_typos",
        sa.Column("variant", _BINARY, nullable=False),
        sa.Column("word", _BINARY, nullable=False),
        sa.PrimaryKeyConstraint("variant", "word", name="pk_search_typos"),
        sqlite_with_rowid=False,
    )
    _make_index()


def _make_rooms_and_documents() -> None:
    op.create_table(
        "search_rooms",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("host_name", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("scheduled", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("life", name="pk_search_rooms"),
    )
    op.create_index("ix_search_rooms_host_life", "search_rooms", ["host", "life"])
    op.create_table(
        "search_documents",
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("life", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("context", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("price", sa.BigInteger),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("image", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("second", sa.BigInteger),
        sa.Column("title_words", sa.Text, nullable=False),
        sa.Column("text_words", sa.Text, nullable=False),
        sa.Column("indexed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_documents"),
        sa.UniqueConstraint("life", "kind", "ref", name="uq_search_documents_life_kind_ref"),
    )
    op.create_index("ix_search_documents_kind_ref", "search_documents", ["kind", "ref"])


def _make_index() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Our words are its tokens: `ascii` parts at spaces, and leaves every other script alone.
        op.execute(
            "CREATE VIRTUAL TABLE search_index USING fts5(title, text, kind, content='', "
            "columnsize=0, detail=column, tokenize='ascii')"
        )
        return
    op.create_table(
        "search_index",
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("words", postgresql.TSVECTOR, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_index"),
    )
    op.create_index(
        "ix_search_index_words", "search_index", ["words"], postgresql_using="gin",
        # A search reads what waits in the list of new entries one by one.
        postgresql_with={"fastupdate": "off"},
    )  # fmt: skip
