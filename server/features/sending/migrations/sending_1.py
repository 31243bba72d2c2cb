"""Make the tables of sending."""

import sqlalchemy as sa
from alembic import op

revision = "sending_1"
down_revision = None
branch_labels = ("sending",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "deliveries",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("room", "order", "user")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("deliver", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("room", "order", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_user", "deliveries", ["user"])
    op.create_index("ix_deliveries_at", "deliveries", ["at"])
    _consignments()
    _parcels()


def _consignments() -> None:
    op.create_table(
        "consignments",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        *(sa.Column(n, sa.Text, nullable=False) for n in ("order", "merchant", "room", "host")),
        sa.Column("paid", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("life", "order", "merchant", name="pk_consignments"),
    )
    for columns in (
        ("host", "merchant", "state", "paid", "order"), ("merchant", "state", "paid", "order"),
    ):  # fmt: skip
        op.create_index(f"ix_consignments_{'_'.join(columns)}", "consignments", list(columns))


def _parcels() -> None:
    names = ("order", "parcel", "room", "host", "merchant")
    op.create_table(
        "parcels",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in names),
        sa.PrimaryKeyConstraint("life", "order", "parcel", name="pk_parcels"),
    )
    op.create_index("ix_parcels_parcel", "parcels", ["parcel"])
