"""Make the tables of what retention took, and of who was forgotten lately."""

import sqlalchemy as sa
from alembic import op

revision = "records_4"
down_revision = "records_3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "retention_taken",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("room", "kind", name="pk_retention_taken"),
    )
    op.create_table(
        "forgotten_lately",
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_forgotten_lately"),
    )
