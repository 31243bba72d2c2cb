"""Make the tables of webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "webhooks_1"
down_revision = None
branch_labels = ("webhooks",)
depends_on = None

_NAMES = ("url", "kinds", "note", "secret", "old_secret", "state", "reason")


def _columns(kind: type[sa.Text | sa.BigInteger], *names: str) -> list["sa.Column[str | int]"]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Text, nullable=False),
        *_columns(sa.Text, *_NAMES),
        *_columns(sa.BigInteger, "old_until", "made", "changed", "ok_at"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_table(
        "webhook_places",
        *_columns(sa.Text, "endpoint", "room"),
        sa.Column("made", sa.BigInteger, nullable=False, autoincrement=False),
        *_columns(sa.BigInteger, "life", "n", "last", "highest", "since", "waits_since", "tries"),
        *_columns(sa.BigInteger, "failing_since", "again_at"),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("due", "away")),
        sa.PrimaryKeyConstraint("endpoint", "room", "made", name="pk_webhook_places"),
    )
    op.create_index(
        "ix_webhook_places_endpoint_due_again_at", "webhook_places", ["endpoint", "due", "again_at"]
    )
    op.create_index("ix_webhook_places_life", "webhook_places", ["life"])
    op.create_index("ix_webhook_places_room", "webhook_places", ["room"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        *_columns(sa.Text, "endpoint", "event", "type", "room", "state", "error"),
        *_columns(sa.BigInteger, "n", "status", "attempts", "latency_ms", "first_at", "at"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("endpoint", "event", name="uq_webhook_deliveries_endpoint_event"),
    )
    op.create_index("ix_webhook_deliveries_endpoint_id", "webhook_deliveries", ["endpoint", "id"])
    op.create_index("ix_webhook_deliveries_at", "webhook_deliveries", ["at"])
    op.create_index("ix_webhook_deliveries_room", "webhook_deliveries", ["room"])
