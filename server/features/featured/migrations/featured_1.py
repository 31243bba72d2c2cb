"""Make the table of featured slots."""

import sqlalchemy as sa
from alembic import op

revision = "featured_1"
down_revision = None
branch_labels = ("featured",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "featured_slots",
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("slot", "kind", "ref", "host", "topic")
        ),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("starts", "ends", "dropped", "made")
        ),
        sa.Column("by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_featured_slots"),
    )
    for columns in (("ends",), ("starts", "slot"), ("host", "starts")):
        op.create_index(f"ix_featured_slots_{'_'.join(columns)}", "featured_slots", list(columns))
