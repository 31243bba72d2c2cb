"""The lines that announcements write to the ledger."""

from typing import Literal

from server.rooms.ledger_lines import LedgerLine


class AnnouncedLine(LedgerLine, tag="announced", frozen=True, kw_only=True, omit_defaults=True):
    """Tell these users that the room starts; `to` is why."""

    to: Literal["reserved", "follow"]
    title: str
    users: list[str]


class CancelledLine(LedgerLine, tag="cancelled", frozen=True, kw_only=True, omit_defaults=True):
    """The room was cancelled before its start (`scheduled`, Unix ms, 0: unknown), when `reserved`
    users had a place."""

    by: str = ""
    title: str
    scheduled: int = 0
    reason: str = ""
    reserved: int = 0


class CalledOffLine(LedgerLine, tag="called_off", frozen=True, kw_only=True, omit_defaults=True):
    """Tell these users that the room was cancelled; `to` is why."""

    to: Literal["reserved", "follow"]
    title: str
    reason: str = ""
    users: list[str]
