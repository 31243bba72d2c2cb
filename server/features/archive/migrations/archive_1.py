"""Make the tables of the archive."""

import sqlalchemy as sa
from alembic import op

revision = "archive_1"
down_revision = None
branch_labels = ("archive",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "archived_rooms",
        sa.Column("life", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("scheduled", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
        sa.Column("practice", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("life", name="pk_archived_rooms"),
        sa.UniqueConstraint("room", "made", name="uq_archived_rooms_room_made"),
    )
    op.create_index("ix_archived_rooms_host_made", "archived_rooms", ["host", "made"])
    op.create_table(
        "archive_positions",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("life", "stream", name="pk_archive_positions"),
    )
    op.create_table(
        "archived_entries",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("life", "stream", "ms", "n", name="pk_archived_entries"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archive_projections",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("life", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_archive_projections"),
    )
