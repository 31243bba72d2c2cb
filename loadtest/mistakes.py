"""Finds mistakes in scenarios and habits before anybody has come, rather than in the verdict."""

import difflib
from collections.abc import Iterable, Iterator

from loadtest.scenario import HostAct, Kind, People, Scenario

_REPEATED_MAX = 10_000
_TITLE_MAX = 200

_CROWD_SAYS = {
    "viewer": {"comment", "like", "orders", "ask", "follow"},
    "buyer": {"comment", "like", "orders"},
    "moderator": {"comment.remove"},
}
_HOST_SAYS = {
    "sale": {"shelf.put", "sale.open"},
    "restock": {"sale.restock"},
    "close": {"sale.close"},
    "pin": {"pin"},
    "end": {"live.end"},
    "coupon": {"coupon.open", "coupon.claim"},
    "poll": {"poll.open", "vote"},
    "lucky": {"lucky.open", "lucky.enter"},
    "draw": {"lucky.draw"},
    "answer": {"question.answer"},
}


def commands(scenario: Scenario) -> set[str]:
    """Return the commands that this crowd may send, which are timed."""
    acts = {act.do for act in scenario.host}
    said = {"join", "connect", "notice"}
    said |= {op for act in acts for op in _HOST_SAYS.get(act, ())}
    for kind, share in scenario.crowd.items():
        said |= _CROWD_SAYS.get(kind, set()) if share > 0 else set()
    if _sells_to_buyers(scenario):
        said |= {"buy", "pay", "cancel"}
    return said


def pushes(scenario: Scenario) -> set[str]:
    """Return the delivery classes that are timed."""
    talks = any(scenario.crowd.get(kind, 0) > 0 for kind in ("viewer", "buyer"))
    return (
        {"must"}
        | ({"sample"} if talks else set())
        | ({"order"} if _sells_to_buyers(scenario) else set())
    )


def _sells_to_buyers(scenario: Scenario) -> bool:
    return scenario.crowd.get("buyer", 0) > 0 and any(act.do == "sale" for act in scenario.host)


def mistakes(scenario: Scenario) -> Iterator[str]:
    """Sentences, the first that matters first; none if the scenario can be played."""
    yield from _of_times(scenario)
    yield from _of_people(scenario)
    for act in scenario.host:
        yield from _of_act(act)
    yield from _of_show(scenario)
    yield from _of_criteria(scenario)


def mistakes_of_people(people: People) -> Iterator[str]:
    """Sentences on the habits of people; none if a crowd can have them."""
    kinds: tuple[Kind, ...] = ("viewer", "buyer", "lurker", "moderator", "abuser")
    missing = [kind for kind in (*kinds, "host") if kind not in people.think_s]
    if missing:
        yield f"[think_s] lacks {', '.join(missing)}."
    for kind, habits in (("viewer", people.viewer), ("buyer", people.buyer)):
        if min(habits.values(), default=0) < 0 or max(habits.values(), default=0) < 0.1:
            yield f"[{kind}] needs a habit of weight 0.1 or more, and none below 0."
    if people.pay_share + people.cancel_share > 1:
        yield "pay_share and cancel_share are more than 1 together."


def _of_times(scenario: Scenario) -> Iterator[str]:
    times = [stage.until_s for stage in scenario.stage]
    if not times or times != sorted(set(times)) or times[0] <= 0:
        yield "it needs [[stage]]s whose until_s rise, from above 0."
        return
    if not 0 <= scenario.calm_s < scenario.lasts_s:
        yield f"calm_s must be less than the whole, {scenario.lasts_s:g} s, and not negative."
    for burst in scenario.burst:
        if burst.times <= 0 or burst.until_s <= burst.from_s:
            yield f"the burst at {burst.from_s:g} s needs times above 0 and until_s after from_s."
        if burst.from_s >= scenario.lasts_s:
            yield f"the burst at {burst.from_s:g} s comes after the end, {scenario.lasts_s:g} s."
    for drop in scenario.drop:
        if not 0 < drop.share <= 1 or drop.spread_s < 0:
            yield f"the drop at {drop.at_s:g} s needs a share above 0, at most 1, and a spread_s."
        if not 0 <= drop.at_s < scenario.lasts_s:
            yield f"the drop at {drop.at_s:g} s is not within the run of {scenario.lasts_s:g} s."


def _of_people(scenario: Scenario) -> Iterator[str]:
    if scenario.crowd and min(scenario.crowd.values()) < 0:
        yield "shares in [crowd] can't be negative."
    if not any(share > 0 for share in scenario.crowd.values()):
        yield "[crowd] is empty; give at least one share."
    if scenario.rooms < 1:
        yield f"rooms = {scenario.rooms}: there must be at least one."
    for stage in scenario.stage:
        if stage.users < 0 or stage.spawn_per_s <= 0:
            yield (
                f"the stage until {stage.until_s:g} s has users = {stage.users} and spawn_per_s = "
                f"{stage.spawn_per_s:g}: users can't be negative, spawn_per_s must be above 0."
            )
    if scenario.users_max < scenario.rooms + 1:
        yield (
            f"it has {scenario.users_max} users at most; it needs {scenario.rooms + 1} or more, a "
            "host a room and somebody to watch."
        )


def _of_act(act: HostAct) -> Iterator[str]:
    where = f"the host's `{act.do}` at {act.at_s:g} s"
    if act.at_s < 0 or act.every_s < 0:
        yield f"{where} can't come at a negative time."
    if act.every_s > 0 and act.until_s < act.at_s:
        yield f"{where} is repeated every {act.every_s:g} s: say until_s, at {act.at_s:g} or later."
    if act.every_s > 0 and (act.until_s - act.at_s) / act.every_s > _REPEATED_MAX:
        yield f"{where} would be done more than {_REPEATED_MAX:,} times: make every_s longer."
    if act.do == "coupon" and act.floor <= act.amount:
        yield f"{where}: floor must be more than amount, or an order could become free."
    if act.do == "notice" and not act.text:
        yield f"{where} needs a text."
    if act.do in ("coupon", "poll", "lucky") and len(act.text) > _TITLE_MAX:
        yield f"{where}: its text is a title, of {_TITLE_MAX} characters at most."


def _of_show(scenario: Scenario) -> Iterator[str]:
    """Find acts that come too early: before their sale, draw or product is there."""
    sold: set[str] = set()
    done: set[str] = set()
    for act in scenario.host_acts():
        where = f"the host's `{act.do}` at {act.at_s:g} s"
        if act.at_s >= scenario.lasts_s:
            yield f"{where} comes after the end, {scenario.lasts_s:g} s."
        if "end" in done:
            yield f"{where} comes after the host has ended the stream."
        if act.do in ("restock", "close") and "sale" not in done:
            yield f"{where} needs a `sale` before it."
        if act.do == "draw" and "lucky" not in done:
            yield f"{where} needs a `lucky` before it."
        if act.do == "pin" and act.sku not in sold:
            yield f"{where} needs a `sale` of {act.sku} before it, which puts it on the shelf."
        done.add(act.do)
        if act.do == "sale":
            sold.add(act.sku)


def _of_criteria(scenario: Scenario) -> Iterator[str]:
    criteria = scenario.criteria
    yield from _unknown("reply_p99_ms", criteria.reply_p99_ms, commands(scenario))
    yield from _unknown("push_p99_ms", criteria.push_p99_ms, pushes(scenario))
    limits = [*criteria.reply_p99_ms.items(), *criteria.push_p99_ms.items()]
    for name, limit in limits:
        if limit <= 0:
            yield f"[criteria] {name} = {limit:g}: a limit is above 0 ms."
    if not (0 <= criteria.error_rate_max <= 1 and 0 <= criteria.delivered_min <= 1):
        yield "[criteria] error_rate_max and delivered_min are shares, from 0 to 1."
    asks_for_orders = max(criteria.orders_per_hour_min, criteria.gmv_per_hour_min) > 0
    if asks_for_orders and not _sells_to_buyers(scenario):
        yield "[criteria] asks for orders, and nothing is sold to buyers: add a sale."


def _unknown(table: str, names: Iterable[str], known: set[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            yield (
                f"[criteria] {table} has `{name}`, which nobody in this scenario is timed at; it "
                f"can have {', '.join(sorted(known))}.{meant}"
            )
