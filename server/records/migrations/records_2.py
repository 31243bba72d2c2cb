"""Make the tables of rooms that left Redis."""

import sqlalchemy as sa
from alembic import op

revision = "records_2"
down_revision = "records_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "retired_rooms",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("parts", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("away", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("room", name="pk_retired_rooms"),
    )
    op.create_table(
        "retired_parts",
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("snapshot", "n", name="pk_retired_parts"),
    )
    op.create_index("ix_retired_parts_room", "retired_parts", ["room"])
