"""Say of each line whose goods it is, and how many of its units came back.

The archive folds the rows anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "purchases_3"
down_revision = "purchases_2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    for name in ("merchant", "goods"):
        column = sa.Column(name, sa.Text, nullable=False, server_default="")
        op.add_column("purchase_lines", column)
    returned = sa.Column("returned", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("purchase_lines", returned)
    columns = ["merchant", "goods", "life"]
    op.create_index("ix_purchase_lines_merchant_goods_life", "purchase_lines", columns)
