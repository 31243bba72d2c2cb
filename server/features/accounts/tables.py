"""The tables of accounts. Money in minor units, times in Unix ms.

What is derived from ledgers (`account_orders`, `account_entries`, `account_sums`) is folded again
whenever the archive does so. The journal is not: it is written once and survives.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from server.records.schema import RECORDS

ORDERS = Table(
    "account_orders",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("order", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("delivered", BigInteger, nullable=False, server_default="0"),
    Column("on_way", BigInteger, nullable=False, server_default="0"),
    Column("asked", Boolean, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("released", BigInteger, nullable=False),
    Column("terms", LargeBinary, nullable=False),
    Column("pending", LargeBinary, nullable=False),
    Column("held", LargeBinary),
    Index(None, "released", "paid"),
)
"""What is to be known of an order that was paid, or that has terms. `paid` is 0 before it is;
`delivered` is when the last of its parcels was, `on_way` when the last that was not was sent, both
0 without any; `asked`: its buyer wants to give units back, and nobody has answered. `released` is
the `updated` of the order at which its money became available, 0 before that. `terms` is the packed
list of its lines' terms, empty without any; `pending` the packed map account -> amount of what is
still pending of it, and `held` that of what a dispute holds, NULL while it holds nothing."""

ENTRIES = Table(
    "account_entries",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("event", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("base", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "account", "at"),
)
"""An entry that follows from a line of a room's ledger. Those of one `line` add up to zero in each
currency, and so do those of each `sku` in it. `base` is the sum of which `amount` is a share."""

SUMS = Table(
    "account_sums",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Index(None, "account"),
)
"""What the entries of a room add up to, by account."""

EVENTS = Table(
    "account_events",
    RECORDS,
    Column("event", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("reverses", BigInteger, nullable=False),
)
"""The journal: what moved money between accounts without a line of a ledger. `kind` is `released`,
`payout`, `payout_sent`, `payout_failed`, `correction`, `reversal` or `carried`. `key` names it once
for ever. `reverses` is the event that it takes back, 0 for none; `about` a room or a payout."""

JOURNAL = Table(
    "account_journal",
    RECORDS,
    Column("event", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "account", "at"),
)
"""The entries of the journal. Those of one event add up to zero in each currency."""

JOURNAL_SUMS = Table(
    "account_journal_sums",
    RECORDS,
    Column("account", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)
"""What the entries of the journal add up to, by account."""

RELEASES = Table(
    "account_releases",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("order", Text, primary_key=True),
    Column("updated", BigInteger, nullable=False),
    Column("event", BigInteger, nullable=False),
    Index(None, "event"),
)
"""The orders whose money became available: by which event, and at which `updated` of the order.
What came back until then was pending, what comes back later is taken from what is available."""

LAST_EVENT = Table(
    "account_last_event",
    RECORDS,
    Column("name", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""The number of the newest event of the journal, in one row. Its lock lets one transaction write
the journal at a time."""

BATCHES = Table(
    "payout_batches",
    RECORDS,
    Column("batch", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("least", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
)
"""Batches of payouts, by the key under which they were asked for."""

PAYOUTS = Table(
    "payouts",
    RECORDS,
    Column("payout", Text, primary_key=True),
    Column("batch", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "state", "made"),
    Index(None, "batch", "payout"),
    Index(None, "owner", "made"),
)
"""Money on its way to an owner (`host/<id>` or `merchant/<id>`). `state` is `made`, `handed_over`
(a file has it), `sent` or `failed`; `reason` says why it failed."""

TRANSFERS = Table(
    "sandbox_transfers",
    RECORDS,
    Column("key", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""What the sandbox would have paid, once a key: the books of a bank that is none."""
