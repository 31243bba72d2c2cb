"""Make the table of what is known of each stream's goods."""

import sqlalchemy as sa
from alembic import op

revision = "figures_1"
down_revision = None
branch_labels = ("figures",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "stream_goods",
        sa.Column("life", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("as_of", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("life", name="pk_stream_goods"),
    )
