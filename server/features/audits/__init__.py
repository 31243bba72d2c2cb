"""The audit of all rooms: ledgers, rooms, the archive, purchases, accounts, units, compared."""

from server.feature import Feature

FEATURE = Feature(
    reads=("accounts", "allotments", "archive", "books", "ledger", "merchants", "purchases")
)
