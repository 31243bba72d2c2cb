"""The `numbers` of docs/metrics.md once more, from raw lines and facts, by plain loops."""

import statistics
from typing import Any

from tests.figures.raw_lines import Dict, Orders, Raw, Visits

STATUSES = ["held", "paid", "cancelled", "expired", "returned", "refund_due", "refunded"]
FOR_EVER = 10**18


def ratio(a: float, b: float) -> float | None:
    return None if b == 0 else a / b


def quantile(values: list[int], percent: int) -> float | None:
    if len(values) < 2:
        return float(values[0]) if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


class RecomputedNumbers:
    """One room's numbers; `others` are the other rooms of the host, `follows` their log,
    `belongs` the facts of who joined and left their fan group."""

    def __init__(
        self,
        raw: Raw,
        *,
        now: int,
        others: list[Raw],
        follows: list[Dict],
        belongs: list[Dict],
    ) -> None:
        self.belongs = belongs
        self.raw, self.now, self.others, self.follows = raw, now, others, follows
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

    def numbers(self) -> Dict:
        o = self.orders
        gross, returned = o.money(), o.money_back()
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
            **self.members(gross),
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

    def members(self, gross: Dict) -> Dict:
        orders, gmv = 0, dict.fromkeys(gross, 0)
        sql = "select user, created, total, cur from o where paid_at is not null"
        for user, created, total, currency in self.orders.rows(sql):
            said = [f["on"] for f in self.belongs if f["user"] == user and f["at"] <= created]
            if said and said[-1]:
                orders += 1
                gmv[currency] += total
        return {"member_orders": orders, "member_gmv": gmv}

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
            "auctions": len({f["auction"]["auction"] for f in self.facts("auction")}),
            "auctions_sold": sum(f["auction"]["status"] == "sold" for f in self.facts("auction")),
            "bids": sum({f["auction_id"]: f["bids"] for f in self.facts("bids")}.values()),
            "new_followers": len({f["user"] for f in self.facts("follow") if f["on"]}),
        }
