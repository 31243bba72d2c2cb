"""Make the table of address books."""

import sqlalchemy as sa
from alembic import op

revision = "me_1"
down_revision = None
branch_labels = ("me",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "address_books",
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_address_books"),
    )
