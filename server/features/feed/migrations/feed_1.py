"""Make the tables of the feed."""

import sqlalchemy as sa
from alembic import op

revision = "feed_1"
down_revision = None
branch_labels = ("feed",)
depends_on = None


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    _make("feed_acts", ("serial",), ("person", "kind", "ref", "host"), ("serial", "life", "at"))
    op.create_index("ix_feed_acts_person_at", "feed_acts", ["person", "at"])
    op.create_index("ix_feed_acts_at", "feed_acts", ["at"])
    _make(
        "feed_rooms",
        ("life",),
        ("room", "host", "host_name", "phase"),
        ("life", "serial", "started"),
        sa.Column("shown", sa.Boolean, nullable=False),
    )
    op.create_index("ix_feed_rooms_serial", "feed_rooms", ["serial"])
    op.create_index("ix_feed_rooms_host_life", "feed_rooms", ["host", "life"])
    _make("feed_serials", ("name",), ("name",), ("last",))
    _make("feed_less", ("person", "kind", "ref"), ("person", "kind", "ref"), ("at",))
    _make("feed_seen", ("person", "item"), ("person", "item"), ("times", "at"))
    op.create_index("ix_feed_seen_at", "feed_seen", ["at"])
    _make("feed_exposure", ("item", "day", "place"), ("item", "place", "host"), ("day", "shown"))
    op.create_index("ix_feed_exposure_host_day", "feed_exposure", ["host", "day"])
    op.create_index("ix_feed_exposure_day", "feed_exposure", ["day"])
    _make(
        "feed_newcomers",
        ("item",),
        ("item", "host"),
        ("began", "serial", "shown", "promised", "met"),
    )
    for column in ("host", "serial", "began"):
        op.create_index(f"ix_feed_newcomers_{column}", "feed_newcomers", [column])
    _make("feed_hours", ("hour",), (), ("hour", "rows", "newcomers"))
    _make(
        "feed_secrets",
        ("name",),
        ("name",),
        (),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )


def _make(
    name: str,
    keys: tuple[str, ...],
    texts: tuple[str, ...],
    numbers: tuple[str, ...],
    *more: sa.Column[object],
) -> None:
    unique = (
        [
            sa.UniqueConstraint(
                "life", "person", "kind", "ref", name="uq_feed_acts_life_person_kind_ref"
            )
        ]
        if name == "feed_acts"
        else []
    )
    op.create_table(
        name,
        *(sa.Column(each, sa.Text, nullable=False) for each in texts),
        *(sa.Column(each, sa.BigInteger, nullable=False, autoincrement=False) for each in numbers),
        *more,
        sa.PrimaryKeyConstraint(*keys, name=f"pk_{name}"),
        *unique,
    )
