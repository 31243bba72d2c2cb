"""Make the tables of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "accounts_1"
down_revision = None
branch_labels = ("accounts",)
depends_on = None


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, autoincrement=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def upgrade() -> None:
    """Run by `server.records.upgrade`."""
    _derived()
    _journal()
    _payouts()


def _derived() -> None:
    op.create_table(
        "account_orders",
        _number("life"), _text("order"), _text("currency"), _number("paid"),
        sa.Column("asked", sa.Boolean, nullable=False), _number("updated"), _number("released"),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("terms", "pending")),
        _key("account_orders", "life", "order"),
    )  # fmt: skip
    op.create_index("ix_account_orders_released_paid", "account_orders", ["released", "paid"])
    op.create_table(
        "account_entries",
        _number("life"), _number("line"), _small("n"), _text("event"), _text("order"),
        _text("sku"), _text("account"), _text("currency"), _text("what"), _number("amount"),
        _number("base"), _number("at"),
        _key("account_entries", "life", "line", "n"),
    )  # fmt: skip
    op.create_index("ix_account_entries_account_at", "account_entries", ["account", "at"])
    op.create_table(
        "account_sums",
        _number("life"), _text("account"), _text("currency"), _number("amount"),
        _key("account_sums", "life", "account", "currency"),
    )  # fmt: skip
    op.create_index("ix_account_sums_account", "account_sums", ["account"])


def _journal() -> None:
    op.create_table(
        "account_events",
        _number("event"), _text("kind"), _text("key"), _number("at"), _text("by"),
        _text("reason"), _text("about"), _number("reverses"),
        _key("account_events", "event"),
        sa.UniqueConstraint("key", name="uq_account_events_key"),
    )  # fmt: skip
    op.create_table(
        "account_journal",
        _number("event"), _small("n"), _text("account"), _text("currency"), _number("amount"),
        _number("at"),
        _key("account_journal", "event", "n"),
    )  # fmt: skip
    op.create_index("ix_account_journal_account_at", "account_journal", ["account", "at"])
    op.create_table(
        "account_journal_sums",
        _text("account"), _text("currency"), _number("amount"),
        _key("account_journal_sums", "account", "currency"),
    )  # fmt: skip
    op.create_table(
        "account_releases",
        _number("life"), _text("order"), _number("updated"), _number("event"),
        _key("account_releases", "life", "order"),
    )  # fmt: skip
    op.create_index("ix_account_releases_event", "account_releases", ["event"])
    op.create_table(
        "account_last_event", _text("name"), _number("last"), _key("account_last_event", "name")
    )


def _payouts() -> None:
    op.create_table(
        "payout_batches",
        _text("batch"), _number("at"), _text("by"), _number("least"), _text("currency"),
        _key("payout_batches", "batch"),
    )  # fmt: skip
    op.create_table(
        "payouts",
        _text("payout"), _text("batch"), _text("owner"), _text("currency"), _number("amount"),
        _text("state"), _number("made"), _number("changed"), _text("reason"),
        _key("payouts", "payout"),
    )  # fmt: skip
    op.create_index("ix_payouts_state_made", "payouts", ["state", "made"])
    op.create_index("ix_payouts_batch_payout", "payouts", ["batch", "payout"])
    op.create_index("ix_payouts_owner_made", "payouts", ["owner", "made"])
    op.create_table(
        "sandbox_transfers",
        _text("key"), _text("owner"), _text("currency"), _number("amount"), _number("at"),
        _key("sandbox_transfers", "key"),
    )  # fmt: skip
