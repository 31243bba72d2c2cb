"""Replays a room's ledger and compares the result with the live state."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import DecodeError, msgpack

from server.features.books.auction_books import AuctionBooks, rank_member
from server.features.books.books import Books, due_and_back, money_back
from server.features.books.coupon_books import CouponBooks
from server.features.ledger import ledger
from server.store.room_store import RoomStore

State = dict[str, Any]
"""What Redis has under each of `READ`: a dict of a hash, pairs of member and score of a zset."""

_ANY = msgpack.Decoder()
ZSETS = ("holds", "refunds", "returning", "announcing", "auction_ends", "bid_ranks")
READ = (
    "stats", "stock", "sales", "standing", "unmet",
    "bought", "orders", "holds", "payments", "refunds", "returning",
    "cases", "orders_of",
    "coupons", "coupon_counts", "claims", "claims_of",
    "auctions", "bidders", "auction_ends", "bid_ranks",
    "room", "reserved", "announcing",
)  # fmt: skip
"""The names of the keys that an audit compares with the ledger."""


class Audit(NamedTuple):
    """The result of an audit; `differences` is empty if ledger and state agree."""

    entries: int
    orders: int
    sales: int
    differences: list[str]
    practice: bool = False
    """Whether the room is a practice: its orders are void."""


async def audit(store: RoomStore, room_id: str) -> Audit:
    """Audit a room, even while it sells. Reads the whole room into memory."""
    books = Books()
    async for chunk in ledger.read(store, room_id):
        for number, entry in chunk:
            books.add_line(number, entry)
    live = await _live_state(store, room_id, books)
    return audit_of(books, live)


def audit_of(books: Books, live: State) -> Audit:
    """Compare the books, to which the whole ledger was added, with the state of the room."""
    found = [*books.wrong, *_compare(books, live)]
    practice = live["room"].get(b"practice") == b"1"
    return Audit(books.entries, len(books.orders), len(books.sales), found, practice)


async def stays(store: RoomStore, room_id: str) -> str:
    """Say that a room must stay in Redis because its books are not in order, or ''."""
    found = await audit(store, room_id)
    if found.differences:
        return f"its audit finds {len(found.differences)} differences: {found.differences[0]}"
    return ""


async def _live_state(store: RoomStore, room_id: str, books: Books) -> State:
    """Read the state as of one instant, and add the ledger's entries up to then to the books."""
    keys = {name: store.keys.room(room_id, name) for name in (*READ, "ledger")}
    transaction = store.redis.pipeline(transaction=True)
    transaction.xrange(keys["ledger"], min=f"({books.entries}-0")
    for name in READ:
        if name in ZSETS:
            transaction.zrange(keys[name], 0, -1, withscores=True)
        else:
            transaction.hgetall(keys[name])
    last, *found = await transaction.execute()
    for place, fields in last:
        for number, line in ledger.lines_of(place, fields):
            books.add_line(number, line)
    return dict(zip(READ, found, strict=True))


def _compare(books: Books, live: State) -> Iterator[str]:
    yield from _same("statistic", _stats(books), _ints(live["stats"]))
    yield from _same("stock", _stock(books), _counters(live["stock"]))
    yield from _same(
        "allowance",
        {f"{sale}/{user}": n for (sale, user), n in books.bought.items() if n},
        _ints(live["bought"]),
    )
    yield from _same("order", books.orders, _unpacked(live["orders"]))
    yield from _same("payment", books.payments, _unpacked(live["payments"]))
    yield from _same("case", books.cases, _unpacked(live["cases"]))
    yield from _money(books)
    yield from _disputes(books)
    yield from _unmet(books, live)
    yield from _standing(_unpacked(live["sales"]), live)
    yield from _same("hold", _holds(books), {o.decode(): int(at) for o, at in live["holds"]})
    due = {p: True for p, payment in books.payments.items() if payment["status"] == "refund_due"}
    yield from _same("refund due", due, {p.decode(): True for p, _ in live["refunds"]})
    asked = {o: at for o, order in books.orders.items() if (at := _open_until(order))}
    yield from _same("open request", asked, {o.decode(): int(at) for o, at in live["returning"]})
    yield from _same("list of orders", _lists(books), _listed(live["orders_of"]))
    yield from _coupons(books.coupons, live)
    yield from _auctions(books.auctions, live)
    yield from _announcements(books, live)
    yield from _limits(books, _unpacked(live["sales"]))
    yield from _statuses(books, live["stock"])


def _unmet(books: Books, live: State) -> Iterator[str]:
    wanting = {
        f"{len(user.encode())}:{user}/{sku}": 1
        for sku, users in books.unmet.items()
        for user in users
    }
    yield from _same("unmet want", wanting, _ints(live["unmet"]))
    for sale, other in books.moves_that_differ():
        yield f"units that went from sale {other} to sale {sale} did not all arrive"


def _standing(sales: State, live: State) -> Iterator[str]:
    """A product has one standing sale that is not closed, and it is found by its sku."""
    status = {name.decode(): value.decode() for name, value in live["stock"].items()}
    opened = {
        sale["sku"]: name
        for name, sale in sales.items()
        if sale.get("kind") == "standing" and status.get(f"{name}:status") != "closed"
    }
    found = {sku.decode(): sale.decode() for sku, sale in live["standing"].items()}
    yield from _same("standing sale", opened, found)


def _coupons(books: CouponBooks, live: State) -> Iterator[str]:
    terms = _unpacked(live["coupons"])
    for coupon in terms.values():
        coupon.pop("n", None)  # the ledger does not have its place in the list
    yield from _same("coupon", books.terms, terms)
    counts: dict[str, str] = {}
    for coupon in books.terms:
        counts[f"{coupon}:claimed"] = str(books.claimed[coupon])
        counts[f"{coupon}:used"] = str(books.used[coupon])
        counts[f"{coupon}:status"] = "closed" if coupon in books.closed else "open"
    found = {name.decode(): value.decode() for name, value in live["coupon_counts"].items()}
    found = {name: value for name, value in found.items() if not name.endswith(":ver")}
    yield from _same("count of coupons", counts, found)
    yield from _same("claim", books.claims, _unpacked(live["claims"]))
    yield from _same("list of claims", books.of, _listed(live["claims_of"]))


def _auctions(books: AuctionBooks, live: State) -> Iterator[str]:
    rows = {name: auction.row() for name, auction in books.auctions.items()}
    absent = {"reserve": 0, "sudden_death": False, "user": "", "top": 0, "second": 0}
    found = {}
    for name, raw in _unpacked(live["auctions"]).items():
        known = rows.get(name, {})
        found[name] = {field: (absent | raw).get(field) for field in known} or raw
    yield from _same("auction", rows, found)
    bidders, ranks = {}, {}
    for name, auction in books.auctions.items():
        for user, bidder in auction.bidders.items():
            bidders[f"{name}/{user}"] = bidder._asdict()
            ranks[rank_member(name, user, bidder)] = 0
    told = {
        name: {field: row.get(field) for field in ("max", "n", "paddle")}
        for name, row in _unpacked(live["bidders"]).items()
    }
    yield from _same("bidder", bidders, told)
    yield from _same("rank of bidders", ranks, {m.decode(): int(at) for m, at in live["bid_ranks"]})
    open_ones = {name: True for name, row in rows.items() if row["status"] == "open"}
    waiting = {member.decode(): True for member, _ in live["auction_ends"]}
    yield from _same("end of auction", open_ones, waiting)
    ended = int(live["room"].get(b"ended", 0))
    for name, at in books.early.items():
        if not 0 < ended <= at:
            yield f"auction {name}: its hammer fell at {at}, before its end and that of the stream"


def _announcements(books: Books, live: State) -> Iterator[str]:
    """Check that each user who reserved is in a page, once all these pages are written."""
    left = any(step.startswith(b"reserved:") for step, _ in live["announcing"])
    if b"started" in live["room"] and not left:
        reserved = {user.decode(): True for user in live["reserved"]}
        told = {user: True for user, to in books.announced.items() if to == "reserved"}
        yield from _same("announcement to", reserved, told)
    if books.places_lost is not None and not left:
        told = {user: True for user, to in books.called_off.items() if to == "reserved"}
        if len(told) != books.places_lost:
            yield (
                f"the room was cancelled with {books.places_lost} places, and {len(told)} of those "
                "who had one are in the ledger"
            )


def _same(what: str, expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            yield (
                f"{what} {name}: the ledger says {expected.get(name, 'none')}, "
                f"the room has {found.get(name, 'none')}"
            )


def _stats(books: Books) -> dict[str, int]:
    entries = {"entries": books.entries} if books.entries else {}
    return entries | {name: n for name, n in books.stats.items() if n}


def _ints(raw: dict[bytes, bytes]) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in raw.items() if int(value)}


def _unpacked(raw: dict[bytes, bytes]) -> dict[str, Any]:
    return {name.decode(): _read(value) for name, value in raw.items()}


def _read(value: bytes) -> dict[str, Any]:
    try:
        row = _ANY.decode(value)
    except (DecodeError, UnicodeDecodeError):
        row = None
    return row if isinstance(row, dict) else {"unreadable": value.hex()}


def _listed(raw: dict[bytes, bytes]) -> dict[str, Any]:
    return {name.decode(): value.decode().split() for name, value in raw.items()}


def _stock(books: Books) -> dict[str, int]:
    return {
        f"{sale}:{name}": counters[name]
        for sale, counters in books.sales.items()
        for name in ("allocated", "left", "held", "sold")
    }


def _counters(raw: dict[bytes, bytes]) -> dict[str, int]:
    return {
        name.decode(): int(value)
        for name, value in raw.items()
        if not name.endswith((b":ver", b":status"))
    }


def _holds(books: Books) -> dict[str, int]:
    return {id_: o["hold_until"] for id_, o in books.orders.items() if o["status"] == "held"}


def _open_until(order: dict[str, Any]) -> int:
    """Until when a buyer's request to give units back can be answered; 0 if none is open."""
    request = order.get("request")
    return request["due"] if request and request["status"] == "asked" else 0


def _lists(books: Books) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for id_, order in books.orders.items():
        lists.setdefault(order["user"], []).append(id_)
    return lists


def _limits(books: Books, sales: dict[str, Any]) -> Iterator[str]:
    for (sale, user), n in books.bought.items():
        per_user = sales.get(sale, {}).get("per_user", n)
        if n > per_user:
            yield f"allowance {sale}/{user}: {n} live units, the limit is {per_user}"


def _money(books: Books) -> Iterator[str]:
    """Check that what an order says went back is what its payment says."""
    for name, order in books.orders.items():
        payment = books.payments.get(order.get("payment", ""))
        if payment and order["status"] in ("paid", "returned"):
            due, back = due_and_back(payment)
            if (told := money_back(order)) != due + back:
                yield (
                    f"order {name}: {told} of its money went back or is due, its payment "
                    f"{order['payment']} says {due + back}"
                )


def _disputes(books: Books) -> Iterator[str]:
    """Check that no order says that more is disputed than the open disputes of its payment."""
    open_by: Counter[str] = Counter()
    ended = {
        name.partition(":")[2]
        for name, case in books.cases.items()
        if case["what"] in ("dispute_won", "dispute_lost")
    }
    for name, case in books.cases.items():
        if case["what"] == "disputed" and name.partition(":")[2] not in ended:
            open_by[case["payment"]] += case["amount"]
    for name, order in books.orders.items():
        told, right = order.get("disputed", 0), open_by[order.get("payment", "")]
        if told > right or told < 0:
            yield f"order {name}: {told} of it are disputed, its open disputes are over {right}"


def _statuses(books: Books, stock: dict[bytes, bytes]) -> Iterator[str]:
    for sale, counters in books.sales.items():
        status = stock.get(f"{sale}:status".encode(), b"none").decode()
        allowed = {"closed"} if sale in books.closed else {"scheduled"}
        if sale not in books.closed:
            allowed.add("open" if counters["left"] else "sold_out")
        if status not in allowed:
            yield f"sale {sale} is {status}, it should be {' or '.join(sorted(allowed))}"
        if sale in books.closed and sale in books.given and counters["left"]:
            yield (
                f"sale {sale} is closed, and {counters['left']} of its merchant's units did not go "
                "home"
            )
