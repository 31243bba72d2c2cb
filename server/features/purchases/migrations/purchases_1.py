"""Make the tables of purchases."""

import sqlalchemy as sa
from alembic import op

revision = "purchases_1"
down_revision = None
branch_labels = ("purchases",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    _purchases()
    op.create_table(
        "purchase_lines",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("order", sa.Text, nullable=False),
        sa.Column("n", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("sale", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("qty", sa.BigInteger, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("life", "order", "n", name="pk_purchase_lines"),
    )
    op.create_table(
        "purchase_places",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_purchase_places"),
    )
    _revenue()


def _purchases() -> None:
    texts = ("room", "host", "user", "name", "status", "currency")
    numbers = ("total", "off", "units", "created", "changed", "paid")
    op.create_table(
        "purchases",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("order", sa.Text, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in numbers),
        *(sa.Column(n, sa.Boolean, nullable=False) for n in ("practice", "group", "replay")),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("source", "source_id", "coupon", "claim")
        ),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("life", "order", name="pk_purchases"),
    )
    op.create_index("ix_purchases_place", "purchases", ["place"], unique=True)
    for columns in (
        ("user", "created", "order"), ("host", "created", "order"), ("host", "user", "created"),
    ):  # fmt: skip
        op.create_index(f"ix_purchases_{'_'.join(columns)}", "purchases", list(columns))


def _revenue() -> None:
    sums = ("orders", "units", "gross", "off", "returned_orders", "returned")
    op.create_table(
        "revenue_days",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("day", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in sums),
        sa.PrimaryKeyConstraint("life", "day", "currency", name="pk_revenue_days"),
    )
    for columns in (("day", "host"), ("host", "day")):
        op.create_index(f"ix_revenue_days_{'_'.join(columns)}", "revenue_days", list(columns))
