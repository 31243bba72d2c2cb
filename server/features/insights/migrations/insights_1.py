"""Make the tables of what hosts learn."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "insights_1"
down_revision = None
branch_labels = ("insights",)
depends_on = None

_TYPES: dict[str, Any] = {
    "life": sa.BigInteger, "hour": sa.BigInteger, "at": sa.BigInteger, "asks": sa.BigInteger,
    "asked": sa.BigInteger, "day": sa.BigInteger, "week": sa.BigInteger, "people": sa.BigInteger,
    "searches": sa.BigInteger, "empty": sa.BigInteger, "guest": sa.Boolean, "at_host": sa.Boolean,
    "person": sa.LargeBinary, "secret": sa.LargeBinary,
}  # fmt: skip
"""By name; all other columns are texts."""


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    _make(
        "insight_arrivals", ("life", "user", "kind", "ref", "hour"), ("host", "at", "guest"),
        (("host", "kind", "at"), ("at",)),
    )  # fmt: skip
    _make(
        "insight_presence", ("life", "host", "user", "hour"), ("at_host",),
        (("host", "hour"), ("hour",)),
    )  # fmt: skip
    _make(
        "insight_askers", ("life", "user", "sku"), ("host", "asks", "at"),
        (("host", "at"), ("at",)),
    )  # fmt: skip
    _make(
        "insight_questions", ("life", "question"), ("host", "sku", "text", "asked", "at"),
        (("host", "at"), ("at",)),
    )  # fmt: skip
    _make("searched_days", ("day", "query"), ("text", "searches", "empty"), (("query", "day"),))
    _make("searched_weeks", ("week", "query"), ("people",), ())
    _make("searched_people", ("week", "query", "person"), (), ())
    _make("insight_secrets", ("name",), ("secret",), ())


def _make(
    name: str, key: Sequence[str], more: Sequence[str], indexes: Sequence[Sequence[str]]
) -> None:
    op.create_table(
        name,
        *(
            sa.Column(column, _TYPES.get(column, sa.Text)(), nullable=False, autoincrement=False)
            for column in (*key, *more)
        ),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
    )
    for columns in indexes:
        op.create_index(f"ix_{name}_{'_'.join(columns)}", name, list(columns))
