"""Add what a search must know of a room: its host's name, whether it is a draft or cancelled.

Rooms in Redis are entered again at the next copy, since their heads differ then.
"""

import sqlalchemy as sa
from alembic import op

revision = "archive_2"
down_revision = "archive_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    no = sa.false()
    for column in (
        sa.Column("host_name", sa.Text, nullable=False, server_default=""),
        sa.Column("draft", sa.Boolean, nullable=False, server_default=no),
        sa.Column("cancelled", sa.Boolean, nullable=False, server_default=no),
    ):
        op.add_column("archived_rooms", column)
