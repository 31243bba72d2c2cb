"""Make the tables of ties."""

import sqlalchemy as sa
from alembic import op

revision = "ties_1"
down_revision = None
branch_labels = ("ties",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "ties",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "user", "ref")),
        sa.Column("at", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("life", "kind", "user", "ref", "at", name="pk_ties"),
    )
    op.create_index("ix_ties_user_kind_ref_at", "ties", ["user", "kind", "ref", "at"])
    op.create_table(
        "claimed_coupons",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("claim", sa.Text, nullable=False),
        sa.Column("coupon", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("life", "claim", name="pk_claimed_coupons"),
    )
    op.create_table(
        "opened_coupons",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("coupon", sa.Text, nullable=False),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("life", "coupon", name="pk_opened_coupons"),
    )
