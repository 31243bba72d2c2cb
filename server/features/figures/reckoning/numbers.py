"""Computes the single numbers of a room from the sums of the fold."""

from typing import Any

from server.features.figures.reckoning.models import Amounts, Context, Numbers
from server.features.figures.reckoning.sold import STATUSES, Sold
from server.features.figures.reckoning.sums import add, each_share, median, of_all, quantile, share
from server.features.figures.reckoning.taken import Taken
from server.features.visits.facts import Attended


def numbers_of(taken: Taken, attended: Attended, context: Context, kind: type[Numbers]) -> Numbers:
    """All numbers as a `kind`: those of docs/metrics.md, "numbers", and those that tallies add."""
    return kind(
        **_money(taken.sold),
        **_people(taken, attended),
        **_first_orders(taken.first_order_times()),
        **_returning(taken.sold, context),
        **_fans(taken.sold, context),
        **_members(taken.sold, context),
        **_coupons(taken.sold),
        **_funnel("reserved", taken.follows.reserved, taken.sold, attended),
        **_funnel("announced", taken.follows.announced, taken.sold, attended),
        **_asks(taken),
        **taken.tallies.numbers(),
    )


def _money(sold: Sold) -> dict[str, Any]:
    orders, gross = sold.orders.total(), of_all(sold.gross, sold.gross)
    returned = of_all(sold.returned, gross)
    return {
        "gmv_gross": gross,
        "gmv_returned": returned,
        "gmv_net": {currency: gross[currency] - returned[currency] for currency in gross},
        "orders": orders,
        "orders_by_status": {status: sold.by_status[status] for status in STATUSES},
        "units": sold.units,
        "average_order": {
            currency: share(gross[currency], sold.orders[currency]) for currency in gross
        },
        "return_rate": share(sold.by_status["returned"], orders),
        "replay_orders": sold.replay_orders,
        "replay_gmv": of_all(sold.replay_gmv, gross),
        "group_orders": sold.group_orders,
        "group_gmv": of_all(sold.group_gmv, gross),
    }


def _people(taken: Taken, attended: Attended) -> dict[str, Any]:
    sold, watched = taken.sold, sorted(attended.watched.values())
    buyers = len(sold.orders_of)
    viewers = len(taken.visits.of_user.keys() | sold.users)
    return {
        "buyers": buyers,
        "viewers": viewers,
        "guests": taken.visits.guests,
        "conversion": share(buyers, viewers),
        "viewer_value": {c: share(amount, viewers) for c, amount in sorted(sold.gross.items())},
        "watchers": len(watched),
        "watch_total_ms": sum(watched),
        "watch_mean_ms": share(sum(watched), len(watched)),
        "watch_median_ms": median(watched),
        "replay_viewers": attended.replay_viewers,
    }


def _first_orders(times: list[int]) -> dict[str, Any]:
    quantiles = {f"first_order_p{p}_ms": quantile(times, p) for p in (25, 50, 75, 90)}
    return {"first_order_count": len(times), **quantiles}


def _returning(sold: Sold, context: Context) -> dict[str, Any]:
    before = context.bought_before
    returning = sum(1 for user, at in sold.first_paid.items() if before.get(user, at) < at)
    return {
        "returning_buyers": returning,
        "repurchase_share": share(returning, len(sold.orders_of)),
    }


def _fans(sold: Sold, context: Context) -> dict[str, Any]:
    orders, gmv = 0, Amounts()
    for user in sold.orders_of.keys() & context.followed.keys():
        for order in sold.orders_of[user]:
            if context.followed[user] <= order.created:
                orders += 1
                add(gmv, order.currency, order.total)
    gmv = of_all(gmv, sold.gross)
    return {
        "fan_orders": orders,
        "fan_gmv": gmv,
        "fan_order_share": share(orders, sold.orders.total()),
        "fan_gmv_share": each_share(gmv, of_all(sold.gross, sold.gross)),
    }


def _members(sold: Sold, context: Context) -> dict[str, Any]:
    orders, gmv = 0, Amounts()
    for user in sold.orders_of.keys() & context.belonged.keys():
        spans = context.belonged[user]
        for order in sold.orders_of[user]:
            if any(
                since <= order.created and (order.created < to or not to) for since, to in spans
            ):
                orders += 1
                add(gmv, order.currency, order.total)
    return {"member_orders": orders, "member_gmv": of_all(gmv, sold.gross)}


def _coupons(sold: Sold) -> dict[str, Any]:
    claimed = sum(coupon.claimed for coupon in sold.coupons.values())
    used = sum(coupon.used for coupon in sold.coupons.values())
    return {
        "coupon_cost": of_all(sold.off, sold.gross),
        "coupons_claimed": claimed,
        "coupons_used": used,
        "coupon_use_share": share(used, claimed),
    }


def _funnel(name: str, users: set[str], sold: Sold, attended: Attended) -> dict[str, Any]:
    """Return how many of these users came to the stream, and how many of them bought."""
    came = users & attended.watched.keys()
    bought = len(came & sold.orders_of.keys())
    return {
        name: len(users),
        f"{name}_came": len(came),
        f"{name}_bought": bought,
        f"{name}_conversion": share(bought, len(users)),
    }


def _asks(taken: Taken) -> dict[str, Any]:
    asks, orders_of = taken.asks, taken.sold.orders_of
    converted = sum(
        1
        for user, asked_at in asks.first_asked.items()
        if any(order.created >= asked_at for order in orders_of.get(user, ()))
    )
    questions = asks.questions()
    return {
        "asks": asks.asks,
        "asks_unpinned": sum(product.unpinned for product in asks.products.values()),
        "askers": len(asks.first_asked),
        "asker_conversion": share(converted, len(asks.first_asked)),
        "questions": len(questions),
        "questions_answered": sum(1 for each in questions if each.status == "answered"),
        "questions_asked": sum(each.asked for each in questions),
    }
