"""Make the table of leases."""

import sqlalchemy as sa
from alembic import op

revision = "records_1"
down_revision = None
branch_labels = ("records",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "leases",
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("task", name="pk_leases"),
    )
