"""Make the tables of people who are being forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "records_3"
down_revision = "records_2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "forgotten",
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("pseudonym", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_forgotten"),
    )
    op.create_table(
        "forgotten_rooms",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("room", "user", name="pk_forgotten_rooms"),
    )
    op.create_index("ix_forgotten_rooms_user", "forgotten_rooms", ["user"])
