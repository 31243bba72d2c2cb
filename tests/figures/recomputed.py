"""Every number of docs/metrics.md once more, from raw lines and facts, by plain loops.

Nothing of server.figures is used here, and nothing is added up on the way: each number looks at all
lines and facts again, slowly. What comes out has the shape of the figures' JSON.
"""

import sqlite3
import statistics
from typing import Any, NamedTuple

Dict = dict[str, Any]

STATUSES = ["held", "paid", "cancelled", "expired", "returned", "refund_due", "refunded"]
MONEY_SUMS = {
    "gmv_gross", "gmv_returned", "gmv_net", "fan_gmv", "replay_gmv", "group_gmv", "coupon_cost",
}  # fmt: skip
FOR_EVER = 10**18


class Raw(NamedTuple):
    """One room as Redis has it: ledger and timeline, whole and in order."""

    room: str
    host: str
    ledger: list[Dict]
    timeline: list[Dict]
    group: bool = False


def ratio(a: float, b: float) -> float | None:
    return None if b == 0 else a / b


def quantile(values: list[int], percent: int) -> float | None:
    if len(values) < 2:
        return float(values[0]) if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


class Orders:
    """The ledger as two tables in SQL: orders as they ended up, and their lines."""

    def __init__(self, raw: Raw) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.executescript(
            """create table o (id text primary key, user text, status text, total int, cur text,
                 created int, paid_at int, kind text, src text, off int, coupon text, replay int,
                 grp int);
               create table l (id text, sku text, qty int, amount int, title text);"""
        )
        for line in raw.ledger:
            if line["k"] == "order":
                self._take(line["at"], line["order"])
        self.db.commit()

    def close(self) -> None:
        self.db.close()

    def _take(self, at: int, order: Dict) -> None:
        known = self.db.execute("select paid_at from o where id = ?", [order["order"]]).fetchone()
        paid_at = known[0] if known else None
        if order["status"] == "paid" and paid_at is None:
            paid_at = at
        source = order.get("source") or {"kind": "", "id": ""}
        row = [
            order["order"], order["user"], order["status"], order["total"], order["currency"],
            order["created"], paid_at, source["kind"], source.get("id", ""), order.get("off", 0),
            order.get("coupon", ""), bool(order.get("replay")), bool(order.get("group")),
        ]  # fmt: skip
        self.db.execute(f"insert or replace into o values ({','.join('?' * len(row))})", row)
        self.db.execute("delete from l where id = ?", [order["order"]])
        for line in order["lines"]:
            amount = line["qty"] * line["price"]
            values = [order["order"], line["sku"], line["qty"], amount, line["title"]]
            self.db.execute("insert into l values (?,?,?,?,?)", values)

    def rows(self, sql: str, *args: Any) -> list[Any]:
        return self.db.execute(sql, args).fetchall()

    def one(self, sql: str, *args: Any) -> Any:
        return self.db.execute(sql, args).fetchone()[0] or 0

    def money(self, where: str = "1", *args: Any) -> Dict:
        sql = f"select cur, sum(total) from o where paid_at is not null and {where} group by cur"
        return dict(self.rows(sql, *args))

    def lines(self, what: str, where: str, *args: Any) -> list[Any]:
        return self.rows(
            f"select {what} from l join o using (id) where paid_at is not null and {where}", *args
        )


class Visits:
    """The visits as (user, guest, source, from, to), by walking all facts for each."""

    def __init__(self, raw: Raw) -> None:
        facts = [fact for fact in raw.timeline if fact["k"] == "visits"]
        self.all: list[tuple[str, bool, tuple[str, str], int, int]] = []
        seen: set[tuple[str, int]] = set()
        for i, fact in enumerate(facts):
            for came in fact["came"]:
                conn = (fact["worker"], came["conn"])
                if conn in seen or came["user"] == raw.host:
                    continue
                seen.add(conn)
                ends = [
                    left["at"]
                    for later in facts[i:]
                    if later["worker"] == fact["worker"]
                    for left in later["left"]
                    if left["conn"] == came["conn"]
                ]
                if not ends:
                    ends = [max(f["at"] for f in facts if f["worker"] == fact["worker"])]
                source = came.get("source") or {"kind": "", "id": ""}
                end = max(ends[0], came["at"] + 1)
                key = (source["kind"], source.get("id", ""))
                self.all.append((came["user"], bool(came.get("guest")), key, came["at"], end))

    @property
    def users(self) -> list[tuple[str, bool, tuple[str, str], int, int]]:
        return [visit for visit in self.all if not visit[1]]

    def watched(self, start: int, end: int) -> dict[str, int]:
        """user -> ms within, by counting how many connections are open from edge to edge."""
        found = {}
        for user in {visit[0] for visit in self.users}:
            edges = []
            for who, _, _, came, left in self.users:
                if who == user and max(came, start) < min(left, end):
                    edges += [(max(came, start), 1), (min(left, end), -1)]
            open_now, total, since = 0, 0, 0
            for at, step in sorted(edges):
                total += at - since if open_now else 0
                open_now, since = open_now + step, at
            if total:
                found[user] = total
        return found


class Recomputed:
    """All of it for one room."""

    def __init__(
        self,
        raw: Raw,
        *,
        now: int,
        others: list[Raw],
        follows: list[Dict],
        earlier: list["Recomputed"],
    ) -> None:
        self.raw, self.now, self.others, self.follows = raw, now, others, follows
        self.earlier = earlier
        self.orders = Orders(raw)
        self.visits = Visits(raw)
        phases = {f["phase"]: f["at"] for f in self.facts("phase")}
        self.start = 0 if raw.group else phases.get("live")
        self.end = phases.get("ended")
        until = FOR_EVER if self.end is None else self.end
        self.watched = {} if self.start is None else self.visits.watched(self.start, until)
        self.buyers = {row[0] for row in self.orders.rows("select user from o where paid_at > 0")}

    def facts(self, *kinds: str) -> list[Dict]:
        return [fact for fact in self.raw.timeline if fact["k"] in kinds]

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

    # Numbers

    def numbers(self) -> Dict:
        o = self.orders
        gross, returned = o.money(), o.money("status = 'returned'")
        sold = o.one("select count(*) from o where paid_at is not null")
        back = o.one("select count(*) from o where status = 'returned'")
        viewers = len(
            {v[0] for v in self.visits.users} | {r[0] for r in o.rows("select user from o")}
        )
        counts = dict(o.rows("select cur, count(*) from o where paid_at is not null group by cur"))

        def each(amounts: Dict) -> Dict:
            return {currency: amounts.get(currency, 0) for currency in gross}

        return {
            "gmv_gross": gross,
            "gmv_returned": each(returned),
            "gmv_net": {c: gross[c] - returned.get(c, 0) for c in gross},
            "orders": sold,
            "orders_by_status": {
                s: o.one("select count(*) from o where status = ?", s) for s in STATUSES
            },
            "units": sum(q for (q,) in o.lines("qty", "1")),
            "average_order": {c: gross[c] / counts[c] for c in gross},
            "buyers": len(self.buyers),
            "viewers": viewers,
            "guests": sum(1 for visit in self.visits.all if visit[1]),
            "conversion": ratio(len(self.buyers), viewers),
            "viewer_value": {c: gross[c] / viewers for c in gross},
            "watchers": len(self.watched),
            "watch_total_ms": sum(self.watched.values()),
            "watch_mean_ms": statistics.fmean(self.watched.values()) if self.watched else None,
            "watch_median_ms": statistics.median(self.watched.values()) if self.watched else None,
            "replay_viewers": self.replay_viewers(),
            **self.first_order_quantiles(),
            "returning_buyers": self.returning(),
            "repurchase_share": ratio(self.returning(), len(self.buyers)),
            **self.fans(gross, sold),
            "return_rate": ratio(back, sold),
            "replay_orders": o.one("select count(*) from o where paid_at > 0 and replay"),
            "replay_gmv": each(o.money("replay")),
            "group_orders": o.one("select count(*) from o where paid_at > 0 and grp"),
            "group_gmv": each(o.money("grp")),
            **self.coupon_numbers(each),
            **self.funnel("reserved", self.reserved()),
            **self.funnel("announced", self.announced()),
            **self.talk(),
        }

    def replay_viewers(self) -> int:
        if self.end is None or self.start is None:
            return 0
        return len({visit[0] for visit in self.visits.users if visit[4] > self.end})

    def first_times(self) -> list[int]:
        times = []
        for user in self.buyers:
            came = [visit[3] for visit in self.visits.users if visit[0] == user]
            sql = "select min(created) from o where user = ? and paid_at is not null"
            if came:
                times.append(max(0, self.orders.one(sql, user) - min(came)))
        return times

    def first_order_quantiles(self) -> Dict:
        times = self.first_times()
        quantiles = {f"first_order_p{p}_ms": quantile(times, p) for p in (25, 50, 75, 90)}
        return {"first_order_count": len(times)} | quantiles

    def returning(self) -> int:
        found = 0
        for user in self.buyers:
            sql = "select min(paid_at) from o where user = ?"
            here = self.orders.one(sql, user)
            found += any(
                line["k"] == "order"
                and line["order"]["status"] == "paid"
                and line["order"]["user"] == user
                and line["at"] < here
                for other in self.others
                for line in other.ledger
            )
        return found

    def fans(self, gross: Dict, sold: int) -> Dict:
        orders, gmv = 0, dict.fromkeys(gross, 0)
        sql = "select user, created, total, cur from o where paid_at is not null"
        for user, created, total, currency in self.orders.rows(sql):
            since = [f["at"] for f in self.follows if f["user"] == user and f["on"]]
            if since and min(since) <= created:
                orders += 1
                gmv[currency] += total
        return {
            "fan_orders": orders,
            "fan_gmv": gmv,
            "fan_order_share": ratio(orders, sold),
            "fan_gmv_share": {c: ratio(gmv[c], gross[c]) for c in gross},
        }

    def coupon_numbers(self, each: Any) -> Dict:
        sql = "select cur, sum(off) from o where paid_at is not null and coupon != '' group by cur"
        used = self.orders.one("select count(*) from o where paid_at > 0 and coupon != ''")
        claimed = sum(
            1 for line in self.raw.ledger if line["k"] == "coupon" and line["what"] == "claimed"
        )
        return {
            "coupon_cost": each(dict(self.orders.rows(sql))),
            "coupons_claimed": claimed,
            "coupons_used": used,
            "coupon_use_share": ratio(used, claimed),
        }

    def reserved(self) -> set[str]:
        last = {fact["user"]: fact["on"] for fact in self.facts("reserve")}
        return {user for user, on in last.items() if on}

    def announced(self) -> set[str]:
        told = [line["users"] for line in self.raw.ledger if line["k"] == "announced"]
        return {user for users in told for user in users}

    def funnel(self, name: str, users: set[str]) -> Dict:
        came = [user for user in users if user in self.watched]
        bought = [user for user in came if user in self.buyers]
        return {
            name: len(users),
            f"{name}_came": len(came),
            f"{name}_bought": len(bought),
            f"{name}_conversion": ratio(len(bought), len(users)),
        }

    def asked(self) -> list[tuple[int, str, str, str, int]]:
        """Every ask as (at, user, sku, what was pinned then, number of the fact)."""
        pinned, found = "", []
        for n, fact in enumerate(self.raw.timeline):
            if fact["k"] == "pin":
                pinned = fact["sku"]
            elif fact["k"] == "phase" and fact["phase"] == "ended":
                pinned = ""
            elif fact["k"] == "asks":
                found += [(fact["at"], a["user"], a["sku"], pinned, n) for a in fact["asks"]]
        return found

    def converted(self, sku: str | None) -> tuple[int, int]:
        """(askers, those who bought since) of a sku, or of anything."""
        asked = [ask for ask in self.asked() if sku is None or ask[2] == sku]
        users, bought = {ask[1] for ask in asked}, 0
        for user in users:
            first = min(ask[0] for ask in asked if ask[1] == user)
            which = "1" if sku is None else "sku = ?"
            args = [user, first] + ([] if sku is None else [sku])
            bought += bool(self.orders.lines("1", f"user = ? and created >= ? and {which}", *args))
        return len(users), bought

    def talk(self) -> Dict:
        asked = self.asked()
        last: dict[str, Dict] = {}
        for fact in self.facts("queued", "question"):
            last[fact["question"]["question"]] = fact["question"]
        kept = [q for q in last.values() if q["status"] != "dropped"]
        polls = {f["poll"]["poll"]: f["poll"]["votes"] for f in self.facts("poll")}
        askers, bought = self.converted(None)
        return {
            "asks": len(asked),
            "asks_unpinned": sum(1 for ask in asked if ask[2] and ask[2] != ask[3]),
            "askers": askers,
            "asker_conversion": ratio(bought, askers),
            "questions": len(kept),
            "questions_answered": sum(q["status"] == "answered" for q in kept),
            "questions_asked": sum(q["asked"] for q in kept),
            "polls": len(polls),
            "poll_votes": sum(sum(votes) for votes in polls.values()),
            "luckies": len({f["lucky"]["lucky"] for f in self.facts("lucky")}),
            "new_followers": len({f["user"] for f in self.facts("follow") if f["on"]}),
        }

    # Tables

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
        rows = []
        for sku in skus:
            asks = [ask for ask in asked if ask[2] == sku]
            askers, bought = self.converted(sku)
            own = [pin for pin in pins if pin["sku"] == sku]
            units = sum(q for (q,) in self.orders.lines("qty", "sku = ?", sku))
            back = "sku = ? and status = 'returned'"
            returned = sum(q for (q,) in self.orders.lines("qty", back, sku))
            amounts = self.orders.lines("cur, amount", "sku = ?", sku)
            back_amounts = self.orders.lines("cur, amount", back, sku)
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
                }
            )
        return sorted(rows, key=lambda r: (-r["units"], -r["asks"], -r["pinned_ms"], r["sku"]))

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

    def compared(self) -> Dict:
        before = self.start if self.start is not None else self.now
        streams = [
            each
            for each in self.earlier
            if each.end is not None and each.start is not None and each.start < before
        ]
        streams = sorted(streams, key=lambda each: each.start or 0, reverse=True)[:20]
        if not streams or self.raw.group:
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
