"""Make the tables of pictures."""

import sqlalchemy as sa
from alembic import op

revision = "pictures_1"
down_revision = None
branch_labels = ("pictures",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    texts = ("picture", "user", "digest", "state")
    op.create_table(
        "pictures",
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("w", "h")),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("bytes", "created", "unused")
        ),
        sa.PrimaryKeyConstraint("picture", name="pk_pictures"),
    )
    for columns in (("user", "created"), ("user", "digest"), ("state", "unused")):
        op.create_index(f"ix_pictures_{'_'.join(columns)}", "pictures", list(columns))
    op.create_table(
        "picture_uses",
        sa.Column("picture", sa.Text, nullable=False),
        sa.Column("thing", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("picture", "thing", name="pk_picture_uses"),
    )
    op.create_index("ix_picture_uses_thing", "picture_uses", ["thing"])
