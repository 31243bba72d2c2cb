"""Make the tables of offers, picks, requests, and of what was sold of picks."""

import sqlalchemy as sa
from alembic import op

revision = "offers_1"
down_revision = None
branch_labels = ("offers",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    _offers()
    _picks()
    _requests()
    _sold()


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _shares(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _offers() -> None:
    op.create_table(
        "offers",
        *_texts("merchant", "offer", "goods", "state", "open_to", "coupon", "note"),
        *_shares("version", "commission", "discount"),
        *_numbers("starts", "ends", "created", "changed"),
        sa.PrimaryKeyConstraint("merchant", "offer", name="pk_offers"),
    )
    op.create_index("ix_offers_state_ends", "offers", ["state", "ends"])
    op.create_index("ix_offers_merchant_goods", "offers", ["merchant", "goods"])


def _picks() -> None:
    op.create_table(
        "picks",
        *_texts("pick", "host", "merchant", "offer", "goods", "coupon"),
        *_shares("version", "commission", "fee", "discount"),
        *_numbers("ends", "picked", "dropped"),
        sa.PrimaryKeyConstraint("pick", name="pk_picks"),
        sa.UniqueConstraint("host", "merchant", "offer", name="uq_picks_host_merchant_offer"),
    )
    op.create_index("ix_picks_merchant_offer", "picks", ["merchant", "offer"])


def _requests() -> None:
    op.create_table(
        "offer_requests",
        *_texts("request", "merchant", "host", "kind", "offer", "goods", "sku", "status"),
        *_texts("text", "answer"),
        *_numbers("units", "asked", "changed"),
        sa.PrimaryKeyConstraint("request", name="pk_offer_requests"),
    )
    pair = ["merchant", "host", "kind", "asked"]
    op.create_index("ix_offer_requests_merchant_host_kind_asked", "offer_requests", pair)
    for side in ("merchant", "host"):
        name = f"ix_offer_requests_{side}_changed_request"
        op.create_index(name, "offer_requests", [side, "changed", "request"])


def _sold() -> None:
    op.create_table(
        "sold_goods",
        *_numbers("life"),
        *_texts("merchant", "goods", "host"),
        *_numbers("placed", "orders", "units", "returned"),
        sa.PrimaryKeyConstraint("life", "merchant", "goods", name="pk_sold_goods"),
    )
    op.create_table(
        "goods_buyers",
        *_numbers("life"),
        *_texts("merchant", "user", "host"),
        sa.PrimaryKeyConstraint("life", "merchant", "user", name="pk_goods_buyers"),
    )
    for table, columns in (
        ("sold_goods", ["merchant", "goods", "host"]),
        ("sold_goods", ["host", "merchant", "goods"]),
        ("goods_buyers", ["host", "user"]),
        ("goods_buyers", ["user", "merchant", "host"]),
        ("goods_buyers", ["merchant", "user", "host"]),
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
