"""Deeds: what entries of a room's streams say that people did. Pure: entries in, deeds out."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from msgspec import Raw, Struct, msgpack

from server.records.projection import UNREADABLE, Entry

Kind = Literal["watch", "buy", "ask", "follow", "unfollow"]


class Deed(NamedTuple):
    """What a person did at a time (Unix ms). `ref`: the sku that was bought or asked about."""

    person: str
    kind: Kind
    ref: str
    at: int


class _Kind(Struct):
    k: str


class _Came(Struct):
    user: str
    at: int
    guest: bool = False


class _Visits(Struct):
    came: list[_Came]


class _Ask(Struct):
    user: str
    sku: str = ""


class _Asks(Struct):
    at: int
    asks: list[_Ask]


class _Follow(Struct):
    at: int
    user: str
    on: bool


class _Line(Struct):
    sku: str


class _Order(Struct):
    user: str
    status: str
    lines: list[_Line] = []
    practice: bool = False


class _LedgerLine(Struct):
    k: str
    at: int = 0
    was: str | None = None
    order: Raw = Raw()


_KIND = msgpack.Decoder(_Kind)
_VISITS = msgpack.Decoder(_Visits)
_ASKS = msgpack.Decoder(_Asks)
_FOLLOW = msgpack.Decoder(_Follow)
_LEDGER = msgpack.Decoder(list[_LedgerLine])
_ORDER = msgpack.Decoder(_Order)


def deeds_of(stream: str, entries: Iterable[Entry]) -> list[Deed]:
    """Return what these entries say, the newest last; an entry that can't be read says nothing."""
    read = _sold if stream == "ledger" else _told
    deeds: list[Deed] = []
    for entry in entries:
        try:
            deeds += read(entry.body)
        except UNREADABLE:
            continue  # the archive keeps it
    return deeds


def _told(body: bytes) -> Sequence[Deed]:
    kind = _KIND.decode(body).k
    if kind == "visits":
        came = _VISITS.decode(body).came
        return [Deed(each.user, "watch", "", each.at) for each in came if not each.guest]
    if kind == "asks":
        asks = _ASKS.decode(body)
        return [Deed(each.user, "ask", each.sku, asks.at) for each in asks.asks]
    if kind == "follow":
        fact = _FOLLOW.decode(body)
        return [Deed(fact.user, "follow" if fact.on else "unfollow", "", fact.at)]
    return ()


def _sold(body: bytes) -> Sequence[Deed]:
    deeds: list[Deed] = []
    for line in _LEDGER.decode(body):
        if line.k != "order" or line.was == "paid":
            continue
        order = _ORDER.decode(line.order)
        if order.status == "paid" and not order.practice:
            deeds += [Deed(order.user, "buy", each.sku, line.at) for each in order.lines]
    return deeds
