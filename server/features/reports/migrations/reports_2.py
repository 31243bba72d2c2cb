"""Say of comments on notes where they stand, and find what waits for a note's author."""

import sqlalchemy as sa
from alembic import op

revision = "reports_2"
down_revision = "reports_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    new = sa.Column("of_note", sa.Text, nullable=False, server_default="")
    op.add_column("reported_things", new)
    columns = ("host", "at_desk", "count")
    op.create_index(f"ix_reported_things_{'_'.join(columns)}", "reported_things", list(columns))
