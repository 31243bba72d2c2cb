"""Make the table of cases."""

import sqlalchemy as sa
from alembic import op

revision = "payments_1"
down_revision = None
branch_labels = ("payments",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    texts = ("room", "host", "what", "order", "payment", "currency", "reason")
    op.create_table(
        "payment_cases",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("case", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("at", "amount")),
        sa.PrimaryKeyConstraint("life", "case", name="pk_payment_cases"),
    )
    op.create_index("ix_payment_cases_at_case_life", "payment_cases", ["at", "case", "life"])
    op.create_index("ix_payment_cases_host_at", "payment_cases", ["host", "at"])
