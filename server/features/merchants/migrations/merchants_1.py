"""Make the tables of merchants, their members, goods and variants."""

import sqlalchemy as sa
from alembic import op

revision = "merchants_1"
down_revision = None
branch_labels = ("merchants",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    _merchants()
    _goods()
    _variants()


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _merchants() -> None:
    op.create_table(
        "merchants",
        *_texts("merchant", "name", "state"),
        sa.Column("fee", sa.Integer),
        *_numbers("created", "changed"),
        sa.PrimaryKeyConstraint("merchant", name="pk_merchants"),
    )
    op.create_table(
        "merchant_members",
        *_texts("merchant", "user", "role"),
        *_numbers("added"),
        sa.PrimaryKeyConstraint("merchant", "user", name="pk_merchant_members"),
    )
    op.create_index("ix_merchant_members_user", "merchant_members", ["user"])


def _goods() -> None:
    op.create_table(
        "goods",
        *_texts("merchant", "goods"),
        sa.Column("version", sa.Integer, nullable=False),
        *_texts("state", "title", "tags"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        *_numbers("created", "changed"),
        sa.PrimaryKeyConstraint("merchant", "goods", name="pk_goods"),
    )
    op.create_index("ix_goods_merchant_changed_goods", "goods", ["merchant", "changed", "goods"])


def _variants() -> None:
    op.create_table(
        "variants",
        *_texts("merchant", "sku", "goods"),
        sa.Column("n", sa.Integer, nullable=False),
        *_numbers("price"),
        *_texts("currency"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("merchant", "sku", name="pk_variants"),
    )
    op.create_index("ix_variants_merchant_goods_n", "variants", ["merchant", "goods", "n"])
    op.create_table(
        "variant_units",
        *_texts("merchant", "sku"),
        *_numbers("received", "stock", "allotted", "sold", "returned"),
        sa.PrimaryKeyConstraint("merchant", "sku", name="pk_variant_units"),
    )
