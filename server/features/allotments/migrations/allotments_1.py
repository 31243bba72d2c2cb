"""Make the tables of allotments, transfers and moves of units."""

import sqlalchemy as sa
from alembic import op

revision = "allotments_1"
down_revision = None
branch_labels = ("allotments",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    _allotments()
    _transfers()
    _moves()


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _allotments() -> None:
    op.create_table(
        "allotments",
        *_texts("allotment", "merchant", "sku", "host", "room"),
        *_numbers("granted", "free", "home", "until", "created", "changed"),
        sa.PrimaryKeyConstraint("allotment", name="pk_allotments"),
    )
    for of in ("merchant", "host"):
        op.create_index(
            f"ix_allotments_{of}_created_allotment", "allotments", [of, "created", "allotment"]
        )
    free = sa.text("free > 0")
    op.create_index(
        "ix_allotments_ending", "allotments", ["until"], sqlite_where=free, postgresql_where=free
    )


def _transfers() -> None:
    op.create_table(
        "transfers",
        *_texts("transfer", "room", "merchant", "sku"),
        *_numbers("units"),
        *_texts("state"),
        *_numbers("life", "sent"),
        sa.PrimaryKeyConstraint("transfer", name="pk_transfers"),
    )
    for columns in (["state", "transfer"], ["room", "state"], ["life"], ["merchant", "sku"]):
        op.create_index(f"ix_transfers_{'_'.join(columns)}", "transfers", columns)
    op.create_table(
        "transfer_parts",
        *_texts("transfer", "allotment"),
        *_numbers("units"),
        sa.PrimaryKeyConstraint("transfer", "allotment", name="pk_transfer_parts"),
    )
    op.create_index("ix_transfer_parts_allotment", "transfer_parts", ["allotment"])


def _moves() -> None:
    op.create_table(
        "unit_moves",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        *_texts("sale", "merchant", "sku"),
        *_numbers("given", "sold", "returned", "home"),
        sa.PrimaryKeyConstraint("life", "sale", name="pk_unit_moves"),
    )
    op.create_index("ix_unit_moves_merchant_sku", "unit_moves", ["merchant", "sku"])
