"""Say of comments who took them away and why, and find those that wait on an author's notes."""

import sqlalchemy as sa
from alembic import op

revision = "notes_2"
down_revision = "notes_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    for name in ("reason", "removed_by"):
        new = sa.Column(name, sa.Text, nullable=False, server_default="")
        op.add_column("note_comments", new)
    columns = ("author", "status", "at", "comment")
    op.create_index(f"ix_note_comments_{'_'.join(columns)}", "note_comments", list(columns))
