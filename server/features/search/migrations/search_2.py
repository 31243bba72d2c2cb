"""Say of documents that are in no room whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "search_2"
down_revision = "search_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    for name in ("host", "host_name"):
        new = sa.Column(name, sa.Text, nullable=False, server_default="")
        op.add_column("search_documents", new)
