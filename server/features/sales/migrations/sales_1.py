"""Make the table of the prices at which hosts offered their skus."""

import sqlalchemy as sa
from alembic import op

revision = "sales_1"
down_revision = None
branch_labels = ("sales",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "offered_prices",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("sale", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("till", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("life", "sale", "since", name="pk_offered_prices"),
    )
    op.create_index("ix_offered_prices_host_sku_till", "offered_prices", ["host", "sku", "till"])
