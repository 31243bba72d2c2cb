"""Make the tables of notes."""

import sqlalchemy as sa
from alembic import op

revision = "notes_1"
down_revision = None
branch_labels = ("notes",)
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    texts = ("note", "author", "status", "title", "text", "tags", "goods", "rooms", "pictures")
    numbers = ("created", "published", "changed", "likes", "collects", "comments")
    op.create_table(
        "notes",
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in numbers),
        *(sa.Column(name, sa.Text, nullable=False, server_default="")
          for name in ("author_name", "reason")),
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
          for name in ("edited", "asks")),
        sa.PrimaryKeyConstraint("note", name="pk_notes"),
    )  # fmt: skip
    _index("notes", "author", "status", "changed", "note")
    _index("notes", "status", "published", "note")
    _index("notes", "changed", "note")
    op.create_table(
        "note_tags",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("tag", "note")),
        sa.Column("published", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tag", "note", name="pk_note_tags"),
    )
    _index("note_tags", "tag", "published", "note")
    _index("note_tags", "note")
    _make_marks_and_comments()


def _make_marks_and_comments() -> None:
    op.create_table(
        "note_marks",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("user", "kind", "note")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user", "kind", "note", name="pk_note_marks"),
    )
    _index("note_marks", "user", "kind", "at", "note")
    _index("note_marks", "note")
    op.create_table(
        "note_comments",
        *(sa.Column(name, sa.Text, nullable=False)
          for name in ("comment", "note", "author", "user", "name", "text", "status", "asked")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("comment", name="pk_note_comments"),
    )  # fmt: skip
    _index("note_comments", "note", "at", "comment")
    _index("note_comments", "user", "at")
    _index("note_comments", "author", "asked", "at")
    _index("note_comments", "status", "at", "comment")
    op.create_table(
        "note_acts",
        sa.Column("serial", _SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("person", "note", "kind")),
        sa.PrimaryKeyConstraint("serial", name="pk_note_acts"),
        sqlite_autoincrement=True,
    )
    _index("note_acts", "person", "serial")
    _index("note_acts", "note", "kind", "at")
    _index("note_acts", "at")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
