"""Make the tables of reviews."""

import sqlalchemy as sa
from alembic import op

revision = "reviews_1"
down_revision = None
branch_labels = ("reviews",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    texts = ("review", "room", "order", "sale", "host", "sku", "merchant", "goods", "title", "user",
             "name")  # fmt: skip
    op.create_table(
        "reviews",
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("stars", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("pictures", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("at", "changed")),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("answered", sa.BigInteger, nullable=False),
        sa.Column("hidden", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("review", name="pk_reviews"),
    )
    for columns in (
        ("host", "sku", "at", "review"), ("merchant", "goods", "at", "review"), ("user", "at"),
        ("host", "at", "review"), ("hidden", "at"),
    ):  # fmt: skip
        op.create_index(f"ix_reviews_{'_'.join(columns)}", "reviews", list(columns))
    op.create_table(
        "reviewed_products",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("sku", "host", "merchant", "goods", "replaces")
        ),
        sa.PrimaryKeyConstraint("life", "sku", name="pk_reviewed_products"),
    )
    op.create_index(
        "ix_reviewed_products_host_sku_life", "reviewed_products", ["host", "sku", "life"]
    )
