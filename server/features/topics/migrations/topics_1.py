"""Make the tables of topics."""

import sqlalchemy as sa
from alembic import op

revision = "topics_1"
down_revision = None
branch_labels = ("topics",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "topics",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("topic", "title", "text")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("starts", "ends")),
        sa.Column("shown", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("made", "changed")),
        sa.Column("by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_topics"),
    )
    op.create_index("ix_topics_starts_topic", "topics", ["starts", "topic"])
    op.create_table(
        "topic_things",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("n", sa.Integer, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "ref")),
        sa.PrimaryKeyConstraint("topic", "n", name="pk_topic_things"),
    )
    op.create_index("ix_topic_things_kind_ref", "topic_things", ["kind", "ref"])
