"""The audit of all rooms: ledgers, rooms, the archive and purchases, compared with each other."""

from server.feature import Feature

FEATURE = Feature(reads=("archive", "books", "ledger", "purchases"))
