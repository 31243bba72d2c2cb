"""Make the table of the operator's log."""

import sqlalchemy as sa
from alembic import op

revision = "actions_1"
down_revision = None
branch_labels = ("actions",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "moderation_log",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("life", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("by", "what", "room", "user", "ref")
        ),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_moderation_log"),
    )
    for columns in (("at", "id"), ("by", "at", "id"), ("user", "at"), ("room", "at"), ("life",)):
        op.create_index(f"ix_moderation_log_{'_'.join(columns)}", "moderation_log", list(columns))
