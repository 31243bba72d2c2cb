"""Add when the parcels of an order arrived: its money waits for that."""

import sqlalchemy as sa
from alembic import op

revision = "accounts_2"
down_revision = "accounts_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    for name in ("delivered", "on_way"):
        op.add_column(
            "account_orders", sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        )
