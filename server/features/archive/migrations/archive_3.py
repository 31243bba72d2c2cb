"""Make the table of the rows that projections could not fold."""

import sqlalchemy as sa
from alembic import op

revision = "archive_3"
down_revision = "archive_2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "archive_set_aside",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("projection", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("ms", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("tried", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "life", "projection", "stream", "ms", "n", name="pk_archive_set_aside"
        ),
    )
    op.create_index("ix_archive_set_aside_projection", "archive_set_aside", ["projection"])
