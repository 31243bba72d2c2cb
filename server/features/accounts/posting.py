"""From lines of a ledger to entries. Pure: which line moves which money from where to where.

paid          the buyer's money goes to the shares of each line
returned      so much of the shares as is due back goes to `buyers/refunds`
dispute_lost  the same of what a bank took; what was held of it comes from there
taken_beyond  what a bank took beyond what was left of a payment; the platform bears it
disputed      what the loss of a dispute would take is held
dispute_over  what was held and need be no longer goes back to where it was
charged       money that paid no order: it is due back
refunded      money that was due back went there
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import Raw, Struct, field, msgpack
from msgspec.structs import replace

from server.features.accounts import names
from server.features.accounts.split import (
    LineSplit,
    Part,
    Rates,
    before_step,
    left_of,
    split_back,
    split_order,
)
from server.features.orders.messages import Order
from server.features.terms.messages import Terms
from server.records.projection import UNREADABLE, Entry, RoomHead, read_entry


class _Taken(Struct):
    sale: str
    qty: int


class LedgerLine(Struct):
    """The fields of a ledger line that postings are made from."""

    k: str
    at: int = 0
    was: str | None = None
    back: int | None = None
    request: str = ""
    refund: str = ""
    dispute: str = ""
    taken: list[_Taken] = field(default_factory=list)
    terms: Raw = Raw()
    order: Raw = Raw()
    payment: Raw = Raw()
    case: Raw = Raw()
    beyond: int = 0


class _Case(Struct):
    order: str
    currency: str


class _Payment(Struct):
    order: str
    amount: int
    currency: str
    status: str
    refunds: dict[str, int] = field(default_factory=dict)


class Posting(NamedTuple):
    """An entry before it is stored."""

    line: int
    event: str
    order: str
    sku: str
    account: str
    currency: str
    what: str
    amount: int
    base: int
    at: int


class OrderState(Struct):
    """An order as far as its money is concerned, see the table `account_orders`."""

    order: str
    currency: str = ""
    paid: int = 0
    delivered: int = 0
    on_way: int = 0
    asked: bool = False
    updated: int = 0
    released: int = 0
    terms: bytes = b""
    pending: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)


_LINES = msgpack.Decoder(list[LedgerLine])
_ORDER = msgpack.Decoder(Order)
_PAYMENT = msgpack.Decoder(_Payment)
_CASE = msgpack.Decoder(_Case)
_TERMS = msgpack.Decoder(list[Any])
_EACH = msgpack.Decoder(Terms)


def lines_of(entry: Entry) -> list[tuple[int, LedgerLine]]:
    """Return the numbered lines of an entry that may move money; none if it can't be read."""
    lines = read_entry(entry, _LINES.decode)
    first = entry.ms - len(lines) + 1
    return [(n, line) for n, line in enumerate(lines, first) if _may_move_money(line)]


def _may_move_money(line: LedgerLine) -> bool:
    if line.k == "order":
        return line.was is not None or bool(line.terms)
    return line.k == "payment" or (line.k == "case" and line.beyond > 0)


def order_in(line: LedgerLine) -> Order | None:
    """Return the order of a line, None if it can't be read."""
    try:
        return _ORDER.decode(line.order)
    except UNREADABLE:
        return None


def rates_of(packed: bytes, lines: int, host: str) -> list[Rates] | None:
    """Return the terms of each line of an order; None if they can't be read. A host's own goods
    have no merchant."""
    if not packed:
        return [None] * lines
    try:
        found = [_own(_EACH.decode(msgpack.encode(each)), host) if each else None
                 for each in _TERMS.decode(packed)]  # fmt: skip
    except UNREADABLE:
        return None
    if len(found) != lines or any(each and each.fee + each.commission > 10_000 for each in found):
        return None
    return found


def _own(terms: Terms, host: str) -> Terms:
    if terms.merchant != host:
        return terms
    return Terms(merchant="", goods=terms.goods, commission=terms.commission, fee=terms.fee)


class Poster:
    """Turns the lines of one room's ledger into postings, and keeps the state of its orders."""

    def __init__(self, room: RoomHead, states: dict[str, OrderState]) -> None:
        self._room = room
        self.states = states

    def state_of(self, order: str) -> OrderState:
        """Return the state of an order, a new one if there is none."""
        return self.states.setdefault(order, OrderState(order))

    def postings(self, number: int, line: LedgerLine) -> Iterator[Posting]:
        """Yield what a line moves. Lines come in their order."""
        if line.k == "payment":
            yield from _of_payment(number, line)
        elif line.k == "case":
            yield from _of_case(number, line)
        elif (order := order_in(line)) is not None:
            yield from self._of_order(number, line, order)

    def _of_order(self, number: int, line: LedgerLine, order: Order) -> Iterator[Posting]:
        if line.was is None:
            if line.terms:
                self.state_of(order.order).terms = bytes(line.terms)
            return
        if order.status == "paid" and line.was != "paid":
            state = self.state_of(order.order)
            state.currency, state.paid = order.currency, order.paid or line.at
            state.updated = order.updated
            yield from self._post(number, line, order, self._splits(state, order), "paid", 1)
        elif order.status in ("paid", "returned") and line.was == "paid":
            state = self.state_of(order.order)
            state.asked = order.request is not None and order.request.status == "asked"
            state.updated = order.updated
            state.delivered = max((each.delivered for each in order.parcels), default=0)
            state.on_way = max((p.sent for p in order.parcels if not p.delivered), default=0)
            event = "dispute_lost" if line.dispute == "lost" else "returned"
            yield from self._post(number, line, order, self._steps(state, line, order), event, -1)
            if state.held or order.disputed:
                yield from self._hold(number, line, order)

    def _splits(self, state: OrderState, order: Order) -> list[LineSplit]:
        rates = rates_of(state.terms, len(order.lines), self._room.host)
        if rates is not None:
            return split_order(order, rates)
        clear = split_order(order, [None] * len(order.lines))
        return [LineSplit(s.paid, s.paid, (Part("", "unclear", s.paid),)) for s in clear]

    def _steps(self, state: OrderState, line: LedgerLine, order: Order) -> list[LineSplit]:
        """Return what a step gives back of each line."""
        if line.back == 0 and not line.taken:
            return []
        splits = self._splits(state, order)
        taken: Counter[str] = Counter()
        for each in line.taken:
            taken[each.sale] += each.qty
        before = split_back(splits, before_step(order, line.back, taken))
        return [_less(a, b) for a, b in zip(split_back(splits, order), before, strict=True)]

    def _post(
        self,
        number: int,
        line: LedgerLine,
        order: Order,
        splits: Sequence[LineSplit],
        event: str,
        sign: int,
    ) -> Iterator[Posting]:
        state = self.state_of(order.order)
        later = _is_later(state, order)
        for bought, split in zip(order.lines, splits, strict=False):
            of_buyer = names.BUYERS if event == "paid" else names.REFUNDS
            moves = [(of_buyer, event, -split.paid)]
            for part in split.parts:
                account = self._account(part, bought.merchant, later)
                if event == "dispute_lost" and names.at_stage(account, "held") in state.held:
                    account = names.at_stage(account, "held")
                    state.held[account] -= part.amount
                moves.append((account, part.what, part.amount))
                if not later and account.endswith("/pending"):
                    state.pending[account] = state.pending.get(account, 0) + sign * part.amount
            for account, what, amount in moves:
                if amount:
                    yield Posting(
                        number, event, order.order, bought.sku, account, order.currency, what,
                        sign * amount, sign * split.base, line.at,
                    )  # fmt: skip

    def _hold(self, number: int, line: LedgerLine, order: Order) -> Iterator[Posting]:
        """Hold what the loss of the order's disputes would take now, and no more."""
        state = self.state_of(order.order)
        stage = _stage(_is_later(state, order))
        needed = self._at_stake(state, order)
        for held in sorted(needed.keys() | state.held.keys()):
            more = needed.get(held, 0) - state.held.get(held, 0)
            account = names.at_stage(held, stage)
            if stage == "pending":
                state.pending[account] = state.pending.get(account, 0) - more
            event = "disputed" if more > 0 else "dispute_over"
            for place, amount in ((account, -more), (held, more)) if more else ():
                yield Posting(number, event, order.order, "", place, order.currency, "",
                              amount, amount, line.at)  # fmt: skip
        state.held = needed

    def _at_stake(self, state: OrderState, order: Order) -> dict[str, int]:
        """Return what each owner would lose with the order's open disputes, at most what is left of
        the order. Whoever would gain, for they bear its coupon, has nothing held."""
        amount = min(order.disputed, left_of(order))
        if amount <= 0:
            return {}
        splits, lost = self._splits(state, order), replace(order, back=order.back + amount)
        found: Counter[str] = Counter()
        for bought, after, before in zip(
            order.lines, split_back(splits, lost), split_back(splits, order), strict=True
        ):
            for part in _less(after, before).parts:
                account = self._account(part, bought.merchant, later=False)
                if account.endswith("/pending"):
                    found[names.at_stage(account, "held")] += part.amount
        return {account: n for account, n in found.items() if n > 0}

    def _account(self, part: Part, merchant: str, later: bool) -> str:
        stage = _stage(later)
        match part.of, part.what:
            case "host", _:
                return names.owned(f"host/{self._room.host}", stage)
            case "merchant", _:
                return names.owned(f"merchant/{merchant}", stage)
            case "platform", "coupon":
                return names.COUPONS
            case "platform", _:
                return names.FEES
        return names.UNCLEAR


def _is_later(state: OrderState, order: Order) -> bool:
    """Whether a change of an order came after its release."""
    return bool(state.released) and order.updated > state.released


def _stage(later: bool) -> names.Stage:
    return "available" if later else "pending"


def _less(after: LineSplit, before: LineSplit) -> LineSplit:
    parts = tuple(
        part._replace(amount=part.amount - was.amount)
        for part, was in zip(after.parts, before.parts, strict=True)
    )
    return LineSplit(after.paid - before.paid, after.base - before.base, parts)


def _of_payment(number: int, line: LedgerLine) -> Iterator[Posting]:
    try:
        payment = _PAYMENT.decode(line.payment)
    except UNREADABLE:
        return
    event, amount, source, target = "refunded", 0, names.REFUNDS, names.BUYERS
    if line.refund:
        amount = payment.refunds.get(line.refund, 0)
    elif payment.status == "refunded" and line.was == "refund_due":
        amount = payment.amount  # from before money could go back in parts
    elif payment.status == "refund_due" and line.was is None:
        event, amount, source, target = "charged", payment.amount, names.BUYERS, names.REFUNDS
    if amount:
        for account, moved in ((source, -amount), (target, amount)):
            yield Posting(number, event, payment.order, "", account, payment.currency, event,
                          moved, moved, line.at)  # fmt: skip


def _of_case(number: int, line: LedgerLine) -> Iterator[Posting]:
    try:
        case = _CASE.decode(line.case)
    except UNREADABLE:
        return
    for account, moved in ((names.DISPUTES, -line.beyond), (names.BUYERS, line.beyond)):
        yield Posting(number, "taken_beyond", case.order, "", account, case.currency,
                      "taken_beyond", moved, moved, line.at)  # fmt: skip
