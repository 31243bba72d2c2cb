"""Make the tables of reports."""

import sqlalchemy as sa
from alembic import op

revision = "reports_1"
down_revision = None
branch_labels = ("reports",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    texts = ("thing", "about", "room", "ref", "host", "user", "name", "text", "outcome", "note",
             "by")  # fmt: skip
    numbers = ("said", "count", "opened", "last", "decided")
    flags = ("open", "of_desk", "at_desk")
    op.create_table(
        "reported_things",
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in numbers),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in flags),
        sa.PrimaryKeyConstraint("thing", name="pk_reported_things"),
    )
    for columns in (("open", "count", "opened"), ("open", "opened", "thing"), ("room", "open"),
                    ("user", "opened"), ("decided",)):  # fmt: skip
        op.create_index(f"ix_reported_things_{'_'.join(columns)}", "reported_things", list(columns))
    op.create_table(
        "reports",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("thing", "user", "kind", "text")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("thing", "user", name="pk_reports"),
    )
    op.create_index("ix_reports_user_at", "reports", ["user", "at"])
    op.create_index("ix_reports_kind_thing", "reports", ["kind", "thing"])
