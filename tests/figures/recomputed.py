"""Every number of docs/metrics.md once more, from raw lines and facts, by plain loops.

Nothing of server.figures is used here, and nothing is added up on the way: each number looks at all
lines and facts again, slowly. What comes out has the shape of the figures' JSON.
"""

import statistics
from typing import Any

from tests.figures.raw_lines import Dict, Raw
from tests.figures.recomputed_numbers import FOR_EVER, RecomputedNumbers, ratio

MONEY_SUMS = {
    "gmv_gross", "gmv_returned", "gmv_net", "fan_gmv", "member_gmv", "replay_gmv", "group_gmv",
    "coupon_cost",
}  # fmt: skip


class Recomputed(RecomputedNumbers):
    """All of it for one room, beside those of `earlier`."""

    def __init__(self, raw: Raw, *, earlier: list["Recomputed"], **more: Any) -> None:
        super().__init__(raw, **more)
        self.more = more
        self.earlier = earlier

    def all(self) -> Dict:
        """The figures, without `compared`, `findings` and what they are as of."""
        return {
            "started_ms": self.start,
            "ended_ms": self.end,
            "numbers": self.numbers(),
            "first_orders": self.first_orders(),
            "sources": self.sources(by_id=False),
            "source_ids": self.sources(by_id=True),
            "products": self.products(),
            "pins": self.pins(),
            "coupons": self.coupons(),
            "minutes": self.minutes(),
        }

    def first_orders(self) -> list[Dict]:
        bounds = [0, 60_000, 180_000, 300_000, 600_000, 1_200_000, 1_800_000, 3_600_000]
        return [
            {
                "from_ms": low,
                "below_ms": high,
                "buyers": sum(low <= t < (high or FOR_EVER) for t in self.first_times()),
            }
            for low, high in zip(bounds, [*bounds[1:], None], strict=True)
        ]

    def sources(self, *, by_id: bool) -> list[Dict]:
        names = {v[2] for v in self.visits.users}
        names |= set(self.orders.rows("select kind, src from o"))
        wanted = {n for n in names if n[1]} if by_id else {(n[0], "") for n in names}
        rows = []
        for kind, source in wanted:
            where, args = "kind = ?", [kind]
            if by_id:
                where, args = "kind = ? and src = ?", [kind, source]
            ordered = {r[0] for r in self.orders.rows(f"select user from o where {where}", *args)}
            here = {
                v[0]
                for v in self.visits.users
                if v[2][0] == kind and (not by_id or v[2][1] == source)
            }
            sql = f"select user from o where paid_at is not null and {where}"
            sold = [r[0] for r in self.orders.rows(sql, *args)]
            viewers = len(ordered | here)
            rows.append(
                {
                    "kind": kind,
                    "id": source,
                    "orders": len(sold),
                    "gmv": self.orders.money(where, *args),
                    "viewers": viewers,
                    "buyers": len(set(sold)),
                    "conversion": ratio(len(set(sold)), viewers),
                }
            )
        return sorted(rows, key=lambda r: (-r["orders"], -r["viewers"], r["kind"], r["id"]))

    def title(self, sku: str) -> str:
        told = ""
        for fact in self.raw.timeline:
            if fact["k"] == "shelf" and fact.get("put", {}).get("sku") == sku:
                told = fact["put"]["title"]
            elif fact["k"] == "pin" and fact["sku"] == sku:
                told = fact["title"]
        sold = self.orders.lines("title", "sku = ? order by paid_at desc", sku)
        return told or (sold[0][0] if sold else sku)

    def pins(self) -> list[Dict]:
        if self.start is None:
            return []
        live = [n for n, f in enumerate(self.raw.timeline) if f["k"] == "phase"]
        first = live[0] if live else 0
        last = live[1] if len(live) > 1 else len(self.raw.timeline)
        changes = [
            (n, f["at"], f["sku"])
            for n, f in enumerate(self.raw.timeline)
            if f["k"] == "pin" and n < last
        ]
        rows: list[Dict] = []
        for i, (n, at, sku) in enumerate(changes):
            if (i and changes[i - 1][2] == sku) or not sku:
                continue
            later = [(m, when) for m, when, other in changes[i + 1 :] if other != sku]
            to = later[0][1] if later else self.end
            begin = max(at, self.start)
            if to is not None and to <= begin:
                continue
            facts = range(max(n, first), later[0][0] if later else last)
            rows.append(self.pin(sku, begin, to, facts))
        return rows

    def pin(self, sku: str, begin: int, to: int | None, facts: range) -> Dict:
        end = FOR_EVER if to is None else to
        placed = self.orders.lines(
            "sku, qty, amount, cur", "created >= ? and created < ?", begin, end
        )

        def gmv(own: bool) -> Dict:
            sums: Dict = {}
            for its, _, amount, currency in placed:
                if (its == sku) == own:
                    sums[currency] = sums.get(currency, 0) + amount
            return sums

        return {
            "sku": sku,
            "title": self.title(sku),
            "from_ms": begin,
            "to_ms": to,
            "ms": (self.now if to is None else to) - begin,
            "units": sum(line[1] for line in placed if line[0] == sku),
            "gmv": gmv(True),
            "other_units": sum(line[1] for line in placed if line[0] != sku),
            "other_gmv": gmv(False),
            "viewers": len({v[0] for v in self.visits.users if v[3] < end and v[4] > begin}),
            "asks": sum(ask[4] in facts and ask[2] == sku for ask in self.asked()),
        }

    def products(self) -> list[Dict]:
        pins = self.pins()
        asked = self.asked()
        skus = {r[0] for r in self.orders.lines("sku", "1")}
        skus |= {ask[2] for ask in asked if ask[2]} | {pin["sku"] for pin in pins}
        unmet = {sku: users for sku in self.wanted() if (users := self.refused(sku))}
        skus |= set(unmet)
        rows = []
        for sku in skus:
            asks = [ask for ask in asked if ask[2] == sku]
            askers, bought = self.converted(sku)
            own = [pin for pin in pins if pin["sku"] == sku]
            units = sum(q for (q,) in self.orders.lines("qty", "sku = ?", sku))
            returned = sum(q for (q,) in self.orders.lines("l.back", "sku = ?", sku))
            amounts = self.orders.lines("cur, amount", "sku = ?", sku)
            back_amounts = self.orders.lines("cur, back_amount", "sku = ? and l.back", sku)
            currencies = {currency for currency, _ in amounts}
            replay = self.orders.lines("qty", "sku = ? and replay", sku)
            rows.append(
                {
                    "sku": sku,
                    "title": self.title(sku),
                    "asks": len(asks),
                    "asks_unpinned": sum(ask[3] != sku for ask in asks),
                    "askers": askers,
                    "asker_conversion": ratio(bought, askers),
                    "pinned_ms": sum(pin["ms"] for pin in own),
                    "units": units,
                    "units_pinned": sum(pin["units"] for pin in own),
                    "units_replay": sum(q for (q,) in replay),
                    "gmv": {c: sum(a for cur, a in amounts if cur == c) for c in currencies},
                    "units_returned": returned,
                    "gmv_returned": {
                        c: sum(a for cur, a in back_amounts if cur == c) for c in currencies
                    },
                    "return_rate": ratio(returned, units),
                    "unmet": len(
                        unmet[sku]
                        | {
                            ask[1]
                            for ask in asks
                            if not self.orders.lines("1", "user = ? and sku = ?", ask[1], sku)
                        }
                    )
                    if sku in unmet
                    else 0,
                }
            )
        return sorted(rows, key=lambda r: (-r["units"], -r["asks"], -r["pinned_ms"], r["sku"]))

    def wanted(self) -> set[str]:
        """The skus of which there was too little for somebody."""
        return {line["sku"] for line in self.raw.ledger if line["k"] == "unmet"}

    def refused(self, sku: str) -> set[str]:
        """Whose last line about a sku says that they wanted more than there was."""
        lines = [line for line in self.raw.ledger if line["k"] == "unmet" and line["sku"] == sku]
        last = {user: line["what"] for line in lines for user in line["users"]}
        return {user for user, what in last.items() if what == "wanted"}

    def coupons(self) -> list[Dict]:
        lines = [line for line in self.raw.ledger if line["k"] == "coupon"]
        rows = []
        for line in lines:
            if line["what"] != "opened":
                continue
            coupon, terms = line["coupon"], line["terms"]
            cost = self.orders.money("coupon = ?", coupon) and self.orders.one(
                "select sum(off) from o where paid_at is not null and coupon = ?", coupon
            )
            used = "select count(*) from o where paid_at > 0 and coupon = ?"
            claimed = [c for c in lines if c["what"] == "claimed" and c["coupon"] == coupon]
            rows.append(
                {
                    "coupon": coupon,
                    "title": terms["title"],
                    "quota": terms["quota"],
                    "claimed": len(claimed),
                    "used": self.orders.one(used, coupon),
                    "cost": {terms["currency"]: cost or 0},
                }
            )
        return rows

    def minutes(self) -> list[Dict]:
        sold = self.orders.rows("select created, total, cur from o where paid_at is not null")
        asked = self.asked()
        starts = {at // 60_000 * 60_000 for at, *_ in [*sold, *asked]}
        rows = []
        for start in sorted(starts):
            inside = [row for row in sold if start <= row[0] < start + 60_000]
            currencies = {row[2] for row in inside}
            rows.append(
                {
                    "minute_ms": start,
                    "orders": len(inside),
                    "gmv": {c: sum(r[1] for r in inside if r[2] == c) for c in currencies},
                    "asks": sum(start <= ask[0] < start + 60_000 for ask in asked),
                }
            )
        return rows

    # Beside earlier streams

    def until(self, ms: int) -> "Recomputed":
        """The same room as it was at a time, by when its facts were recorded."""
        ledger = [line for line in self.raw.ledger if line["at"] < ms]
        facts = zip(self.raw.timeline, self.raw.recorded, strict=True)
        kept = [(fact, at) for fact, at in facts if at < ms]
        raw = self.raw._replace(
            ledger=ledger,
            timeline=[fact for fact, _ in kept],
            recorded=tuple(at for _, at in kept),
        )
        return Recomputed(raw, earlier=[], **(self.more | {"now": ms}))

    def compared(self, step_ms: int = 15_000) -> Dict:
        if self.start is None or self.raw.group:
            return {}
        streams = [
            each
            for each in self.earlier
            if each.end is not None and each.start is not None and each.start < self.start
        ]
        streams.sort(key=lambda each: each.start or 0, reverse=True)
        if self.end is None:
            passed = (self.now - self.start) // step_ms * step_ms
            streams = [s for s in streams if (s.end or 0) - (s.start or 0) >= passed][:5]
            streams = [s.until((s.start or 0) + passed) for s in streams]
        streams = streams[:20]
        if not streams:
            return {}
        flats = [flat(each.numbers()) for each in streams]
        rows = {}
        for name, value in flat(self.numbers()).items():
            is_sum = name.split(".")[0] in MONEY_SUMS
            known = [f.get(name, 0 if is_sum else None) for f in flats]
            values = [v for v in known if v is not None]
            usual = statistics.median(values) if values else None
            change = None if not usual or value is None else (value - usual) / usual
            rows[name] = {"median": usual, "streams": len(values), "change": change}
        return rows


def flat(numbers: Dict) -> Dict:
    """`gmv_gross.CNY` and so on."""
    found = {}
    for name, value in numbers.items():
        if isinstance(value, dict):
            for key in value:
                found[f"{name}.{key}"] = value[key]
        else:
            found[name] = value
    return found


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where two nested values differ; fractions may differ in their last digits."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = []
        for key in sorted(ours.keys() | theirs.keys()):
            missing = "(missing)"
            found += differences(ours.get(key, missing), theirs.get(key, missing), f"{path}.{key}")
        return found
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{path}[{n}]")]
    if isinstance(ours, float) and isinstance(theirs, int | float):
        same = abs(ours - theirs) <= 1e-9 * max(abs(ours), abs(theirs))
    else:
        same = ours == theirs
    return [] if same else [f"{path}: {ours!r}, recomputed {theirs!r}"]
