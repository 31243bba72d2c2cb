"""Add the text that a merchant's search looks in, and the changes of stock."""

import sqlalchemy as sa
from alembic import op

revision = "merchants_2"
down_revision = "merchants_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.add_column("goods", sa.Column("folded", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "stock_changes",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("merchant", "key", "sku", "asked")),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("add", "received", "stock", "at")
        ),
        sa.PrimaryKeyConstraint("merchant", "key", "sku", name="pk_stock_changes"),
    )
