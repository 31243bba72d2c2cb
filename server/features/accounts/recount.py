"""Counts the money of a room's ledger a second time, for the audit. Pure.

It is written independently of `split` and `posting`, from the words of docs/money.md, as the books
are of the scripts: all that they share is the ledger.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

from msgspec import DecodeError, msgpack

from server.records.projection import Entry

Amounts = Counter[tuple[str, str]]
"""(account, currency) -> amount."""
Piece = tuple[str, int]
"""Whose share, `host/<id>` or `platform/fees`, and how much."""
_ANY = msgpack.Decoder(list[dict[str, Any]])
_WHOLE = 10_000


class Recount:
    """What a ledger moves. `released` says at which `updated` of an order its money became
    available."""

    def __init__(self, host: str, released: Mapping[str, int]) -> None:
        self.moved: dict[int, Amounts] = {}
        """line of the ledger -> what it moves."""
        self.pending: dict[str, Amounts] = {}
        """order -> what was pending of it when it was released, or is now."""
        self._host = f"host/{host}"
        self._released = released
        self._terms: dict[str, list[Any]] = {}
        self._held: dict[str, Counter[str]] = {}

    def add_entry(self, entry: Entry) -> None:
        """Add the lines of an entry; one that can't be read moves nothing."""
        try:
            lines = _ANY.decode(entry.body)
        except (DecodeError, UnicodeDecodeError, ValueError):
            return
        for number, line in enumerate(lines, entry.ms - len(lines) + 1):
            moved = Counter({place: n for place, n in self._moves(line).items() if n})
            if moved:
                self.moved[number] = moved

    def sums(self) -> Amounts:
        """Return what all lines add up to, by account."""
        total: Amounts = Counter()
        for moved in self.moved.values():
            for place, amount in moved.items():
                total[place] += amount
        return total

    def _moves(self, line: dict[str, Any]) -> Amounts:
        if line["k"] == "payment":
            return _of_payment(line)
        if line["k"] == "case":
            beyond, currency = line.get("beyond", 0), line["case"]["currency"]
            return Counter(
                {("buyers/money", currency): beyond, ("platform/disputes", currency): -beyond}
            )
        if line["k"] != "order":
            return Counter()
        order, was = line["order"], line.get("was")
        if was is None:
            self._terms[order["order"]] = line.get("terms") or []
        elif order["status"] == "paid" and was != "paid":
            shares = Counter[str]()
            for pieces in self._pieces_of(order):
                _add(shares, pieces)
            return self._posted(order, shares, "buyers/money")
        elif was == "paid" and order["status"] in ("paid", "returned"):
            gone = Counter[str]()
            _add(gone, self._gone(_before(line)))
            gone.subtract(_sum(self._gone(order)))
            lost = line.get("dispute") == "lost"
            held = self._held.get(order["order"], Counter()) if lost else Counter[str]()
            moved = self._posted(order, gone, "buyers/refunds", held)
            moved.update(self._disputed(order, moved))
            return moved
        return Counter()

    def _disputed(self, order: dict[str, Any], moved: Amounts) -> Amounts:
        """Return what goes to `held`, or comes back, so that it has what a loss would take."""
        id_, currency, stage = order["order"], order["currency"], self._stage(order)
        back = order["total"] if order["status"] == "returned" else order.get("back", 0)
        stake = min(order.get("disputed", 0), order["total"] - back)
        lost = _sum(self._gone(dict(order, back=back + stake))) if stake else Counter[str]()
        lost.subtract(_sum(self._gone(order)) if stake else {})
        right = Counter({name: n for name, n in lost.items() if n > 0 and _has_stages(name)})
        held = self._held.get(id_, Counter[str]())
        for name in held:
            held[name] += moved[f"{name}/held", currency]
        more: Amounts = Counter()
        for name in right.keys() | held.keys():
            n = right[name] - held[name]
            more[f"{name}/held", currency] += n
            more[f"{name}/{stage}", currency] -= n
            if stage == "pending":
                self.pending.setdefault(id_, Counter())[f"{name}/pending", currency] -= n
        self._held[id_] = right
        return more

    def _stage(self, order: dict[str, Any]) -> str:
        released = self._released.get(order["order"])
        return "available" if released is not None and order["updated"] > released else "pending"

    def _posted(
        self,
        order: dict[str, Any],
        shares: Counter[str],
        other: str,
        held: Collection[str] = (),
    ) -> Amounts:
        """Shares come to their accounts, and what they add up to leaves another. Those of owners
        for whom something is `held` come to that."""
        id_, currency, stage = order["order"], order["currency"], self._stage(order)
        moved: Amounts = Counter()
        for name, amount in shares.items():
            account = name
            if name in held:
                account = f"{name}/held"
            elif _has_stages(name):
                account = f"{name}/{stage}"
                if stage == "pending":
                    self.pending.setdefault(id_, Counter())[account, currency] += amount
            moved[account, currency] += amount
            moved[other, currency] -= amount
        return moved

    def _pieces_of(self, order: dict[str, Any]) -> list[list[Piece]]:
        """The shares of each line, in the order in which equal remainders are rounded up."""
        full = [line["qty"] * line["price"] for line in order["lines"]]
        off = divided(sum(full) - order["total"], full)
        terms = self._terms.get(order["order"]) or [None] * len(full)
        if len(terms) != len(full) or any(map(_is_wrong, terms)):
            return [[("platform/unclear", f - o)] for f, o in zip(full, off, strict=True)]
        return [self._pieces(*each) for each in zip(full, off, terms, strict=True)]

    def _pieces(self, full: int, off: int, terms: dict[str, Any] | None) -> list[Piece]:
        terms = terms or {}
        merchant, fee = terms.get("merchant", ""), terms.get("fee", 0)
        owner, bearer, commission = self._host, self._host, terms.get("commission", 0)
        if f"host/{merchant}" != self._host and merchant:
            owner = f"merchant/{merchant}"
            of = {"host": self._host, "merchant": owner, "platform": "platform/coupons"}
            bearer = of[terms.get("coupon", "host")]
        base = full if bearer != owner else full - off
        shares = divided(base, [_WHOLE - fee - commission, commission, fee])
        pieces = list(zip((owner, self._host, "platform/fees"), shares, strict=True))
        if bearer != owner:
            pieces.append((bearer, -off))
        return [piece for piece in pieces if piece[1]]

    def _gone(self, order: dict[str, Any]) -> list[Piece]:
        """Return what of the shares has gone back in all."""
        lines = self._pieces_of(order)
        paid = [sum(amount for _, amount in pieces) for pieces in lines]
        gone = []
        for bought, pieces, cost, back in zip(
            order["lines"], lines, paid, _back(order, paid), strict=True
        ):
            units = Fraction(_units_back(order, bought), bought["qty"])
            part = Fraction(back, cost) if cost else units
            amounts = rounded([amount * part for _, amount in pieces], back)
            gone += [(name, n) for (name, _), n in zip(pieces, amounts, strict=True)]
        return gone


def _has_stages(name: str) -> bool:
    return not name.startswith("platform/")


def rounded(exact: Sequence[Fraction], total: int) -> list[int]:
    """Round down, then give what is missing to the greatest remainders, of equal ones the first."""
    down = [amount.numerator // amount.denominator for amount in exact]
    places = sorted(range(len(exact)), key=lambda n: (down[n] - exact[n], n))
    for n in places[: total - sum(down)]:
        down[n] += 1
    return down


def divided(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a sum by weights; without any weight there is nothing to divide."""
    whole = sum(weights)
    return rounded([Fraction(total * each, whole) if whole else Fraction() for each in weights],
                   total)  # fmt: skip


def _back(order: dict[str, Any], paid: Sequence[int]) -> list[int]:
    """Return what of each line's money has gone back: that of its units, and of what the provider
    gave back besides, or of what rounding took, its part."""
    back = order["total"] if order["status"] == "returned" else order.get("back", 0)
    of_units = [
        Fraction(cost * _units_back(order, line), line["qty"])
        for line, cost in zip(order["lines"], paid, strict=True)
    ]
    units, rest = sum(of_units), sum(paid) - sum(of_units)
    if back < units:
        return rounded([each * back / units for each in of_units], back)
    more = (back - units) / rest if rest else Fraction(0)
    return rounded(
        [each + (cost - each) * more for each, cost in zip(of_units, paid, strict=True)], back
    )


def _units_back(order: dict[str, Any], line: dict[str, Any]) -> int:
    return int(line["qty"] if order["status"] == "returned" else line.get("returned", 0))


def _before(line: dict[str, Any]) -> dict[str, Any]:
    """The order as it was before a step. A step that says no `back` returned all of it."""
    order = line["order"]
    if line.get("back") is None:
        lines = [bought | {"returned": 0} for bought in order["lines"]]
        return dict(order | {"status": "paid", "lines": lines, "back": 0})
    taken = {each["sale"]: each["qty"] for each in line.get("taken", ())}
    lines = [
        bought | {"returned": bought.get("returned", 0) - taken.get(bought["sale"], 0)}
        for bought in order["lines"]
    ]
    before = order.get("back", 0) - line["back"]
    return dict(order | {"status": "paid", "lines": lines, "back": before})


def _is_wrong(terms: Any) -> bool:
    if not terms:
        return False
    bps = [terms.get(name, 0) for name in ("fee", "commission")]
    if not all(isinstance(n, int) and 0 <= n <= _WHOLE for n in bps) or sum(bps) > _WHOLE:
        return True
    if terms.get("coupon", "host") not in ("host", "merchant", "platform"):
        return True
    return not isinstance(terms.get("merchant"), str) or not isinstance(terms.get("goods"), str)


def _of_payment(line: dict[str, Any]) -> Amounts:
    payment, was = line["payment"], line.get("was")
    currency = payment["currency"]
    if was is None and payment["status"] == "refund_due":
        due = payment["amount"]
        return Counter({("buyers/money", currency): -due, ("buyers/refunds", currency): due})
    back = 0
    if "refund" in line:
        back = payment.get("refunds", {}).get(line["refund"], 0)
    elif (was, payment["status"]) == ("refund_due", "refunded"):
        back = payment["amount"]
    return Counter({("buyers/refunds", currency): -back, ("buyers/money", currency): back})


def _add(sums: Counter[str], pieces: Sequence[Piece]) -> None:
    for name, amount in pieces:
        sums[name] += amount


def _sum(pieces: Sequence[Piece]) -> Counter[str]:
    sums: Counter[str] = Counter()
    _add(sums, pieces)
    return sums
