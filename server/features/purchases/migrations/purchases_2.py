"""Say of each purchase how much money went back, and until when a return is to be answered.

The archive folds the rows anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "purchases_2"
down_revision = "purchases_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    for name in ("back", "return_due"):
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column("purchases", column)
    op.create_index("ix_purchases_host_return_due", "purchases", ["host", "return_due"])
