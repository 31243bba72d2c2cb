"""Add what a dispute holds of an order."""

import sqlalchemy as sa
from alembic import op

revision = "accounts_3"
down_revision = "accounts_2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.add_column("account_orders", sa.Column("held", sa.LargeBinary, nullable=True))
