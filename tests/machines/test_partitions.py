"""A sale goes on while links between its machines break, and nothing that was answered is lost.

Each scenario disturbs a site in the middle of a sale and mends it. People go on buying over the
proxy all the time, and at the end everybody must have been served again.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.machines.crowd import Crowd, Fate, shopping
from tests.machines.site import FRONT, PEOPLE, STORES, WATCHES, Site, await_

pytestmark = [
    pytest.mark.blocking_allowed,
    pytest.mark.together("machines", "each site is eight machines and their programs"),
    pytest.mark.timeout(600),
]

MORE = pytest.mark.torture("one way more to break a network")
ROOM = "r{number}"
LOST_TALK = {"own_comments", "comments_counted", "all_comments"}
"""Checks that may fail after a failover, whatever the promise: comments do not wait for copies, so
the newest of them may be lost (docs/durability.md)."""
LOST_ORDERS = {
    "orders_kept",
    "orders_forward",
    "orders_told",
    "nothing_unasked",
    "one_key_one_order",
}
"""Checks that may fail besides where the promise lets a failover lose answered orders."""

_numbers = iter(range(1_000_000))


def replica_of(site: Site) -> str:
    """The machine of the Redis that follows now."""
    (replica,) = set(STORES) - {site.primary()}
    return replica


def await_failover(site: Site, from_: str) -> None:
    """Wait until most Sentinels name another primary."""
    await_(lambda: site.primary() != from_, "the Sentinels chose another primary")


def some_server_off_primary(site: Site, people: Crowd) -> None:
    """One server does not reach the primary, the other does."""
    site.wires.cut(["web1"], [site.primary()])
    people.await_trouble()
    people.await_buys(20)


def primary_off_replica(site: Site, people: Crowd) -> None:
    """What is written gets no copy, so that nothing may be answered."""
    site.wires.cut([site.primary()], [replica_of(site)])
    people.await_trouble()


def primary_off_sentinels(site: Site, people: Crowd) -> None:
    """The Sentinels replace a primary that the servers still reach."""
    before = site.primary()
    site.wires.cut([before], WATCHES)
    await_failover(site, before)
    people.await_trouble()


def server_off_everything(site: Site, people: Crowd) -> None:
    """A server's cable is pulled."""
    site.wires.isolate("web1")
    people.await_trouble()
    people.await_buys(20)


def proxy_off_server(site: Site, people: Crowd) -> None:
    """A server works, but nobody reaches it."""
    site.wires.cut([FRONT], ["web1"])
    people.await_trouble()
    people.await_buys(20)


def people_off_proxy(site: Site, people: Crowd) -> None:
    """Everybody's provider is away."""
    site.wires.cut([PEOPLE], [FRONT])
    people.await_trouble()


def answers_of_primary_lost(site: Site, people: Crowd) -> None:
    """What a server sends arrives and is done; it never hears so."""
    site.wires.cut_one_way([site.primary()], ["web1"])
    people.await_trouble()
    people.await_buys(20)


def acknowledgements_lost(site: Site, people: Crowd) -> None:
    """The replica has everything, and the primary does not hear of it."""
    site.wires.cut_one_way([replica_of(site)], [site.primary()])
    people.await_trouble()


def slow_replica(site: Site, people: Crowd) -> None:
    """Each copy takes 0.3 seconds there and as long back."""
    site.wires.spoil([site.primary()], [replica_of(site)], delay_ms=300)
    people.await_buys(60)


def flapping_link(site: Site, people: Crowd) -> None:
    """A server loses the primary again and again, for shorter than anybody's patience."""
    for _ in range(6):
        site.wires.cut(["web1"], [site.primary()])
        people.await_buys(4)
        site.wires.heal()
        people.await_buys(8)


def lossy_links(site: Site, people: Crowd) -> None:
    """One packet of twenty is lost between all machines."""
    everybody = list(site.wires.machines)
    site.wires.spoil(everybody, everybody, lost=0.05)
    people.await_buys(150)


def proxy_restarted(site: Site, people: Crowd) -> None:
    """All connections end at once."""
    site.wires[FRONT].kill_programs()
    people.await_trouble()
    site.start_proxy()


def primary_killed(site: Site, people: Crowd) -> None:
    """The primary's machine loses its power, and comes back with what is on its disk."""
    before = site.primary()
    site.wires.power_off(before)
    await_failover(site, before)
    people.await_trouble()
    site.wires.heal()
    site.start_redis(before)


def primary_and_server_split_off(site: Site, people: Crowd) -> None:
    """The old primary and a server are on one side, the Sentinels and all else on the other."""
    before = site.primary()
    site.wires.cut([before, "web1"], [replica_of(site), *WATCHES, "web2"])
    await_failover(site, before)
    people.await_trouble()


Scenario = Callable[[Site, Crowd], None]
Tell = Callable[[str, Any], None]
"""`record_property` of pytest: what is told of `machines` is a row of the table of results."""


def endure(site: Site, scenario: Scenario, tell: Tell, promise: str = "") -> Fate:
    """Play a scenario in the middle of a sale, mend it, and count; everything must work again."""
    with shopping(site, ROOM.format(number=next(_numbers))) as people:
        people.await_buys(20)
        people.forget_troubles()
        scenario(site, people)
        site.wires.heal()
        healed = time.time()
        took_s = people.await_everybody(healed)
        await_(site.is_whole, "Redis and the Sentinels are whole again")
        took_s = max(took_s, people.await_everybody(time.time()))
        pause_s = people.longest_pause_s()
        fate = people.go_home(site)
    row = [promise or site.durability, scenario.__name__.replace("_", " ")]
    counts = [fate.answered, fate.lost, fate.doubled, round(pause_s, 1), round(took_s, 1)]
    tell("machines", [*row, *counts])
    return fate


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(answers_of_primary_lost, marks=MORE),
        pytest.param(primary_and_server_split_off, marks=pytest.mark.grows),
        pytest.param(some_server_off_primary, marks=MORE),
        pytest.param(primary_off_replica, marks=MORE),
        pytest.param(primary_off_sentinels, marks=MORE),
        pytest.param(server_off_everything, marks=MORE),
        pytest.param(proxy_off_server, marks=MORE),
        pytest.param(people_off_proxy, marks=MORE),
        pytest.param(acknowledgements_lost, marks=MORE),
        pytest.param(slow_replica, marks=MORE),
        pytest.param(flapping_link, marks=MORE),
        pytest.param(lossy_links, marks=MORE),
        pytest.param(proxy_restarted, marks=MORE),
        pytest.param(primary_killed, marks=MORE),
    ],
)
def test_nothing_answered_is_lost_whatever_breaks(
    site: Site, scenario: Scenario, record_property: Tell
) -> None:
    before = site.primary()
    fate = endure(site, scenario, record_property)

    assert (fate.lost, fate.doubled) == (0, 0), fate
    allowed = LOST_TALK if site.primary() != before else set()
    assert set(fate.failed) <= allowed, fate.sentences
    site.audit()


def primary_split_off_and_sold_on(site: Site, people: Crowd) -> None:
    """The same, and people go on buying on both sides until many bought on the wrong one."""
    before = site.primary()
    site.wires.cut([before, "web1"], [replica_of(site), *WATCHES, "web2"])
    await_failover(site, before)
    people.await_buys(100)


def primary_replaced_unawares(site: Site, people: Crowd) -> None:
    """The Sentinels replace a primary that the servers still reach; they leave it all the same."""
    before = site.primary()
    site.wires.cut([before], WATCHES)
    await_failover(site, before)
    new, orders = site.redis(site.primary()), site.keys.room(people.room, "orders")
    known: Any = new.hlen(orders)
    people.await_(lambda: new.hlen(orders) >= known + 20, "people buy at the new primary")


@MORE
@pytest.mark.parametrize("site", ["fsync"], indirect=True)
@pytest.mark.parametrize(
    "scenario", [primary_split_off_and_sold_on, primary_replaced_unawares, primary_killed]
)
def test_a_failover_under_fsync_loses_what_the_old_primary_alone_had(
    site: Site, scenario: Scenario, record_property: Tell
) -> None:
    fate = endure(site, scenario, record_property)

    assert fate.doubled == 0, fate
    assert set(fate.failed) <= LOST_TALK | LOST_ORDERS, fate.sentences
    if scenario is primary_split_off_and_sold_on:
        assert fate.lost > 0, "nothing was lost, so this shows nothing"
    site.audit()


@MORE
@pytest.mark.parametrize("site", ["fsync"], indirect=True)
def test_a_primary_that_wants_a_replica_stops_selling_once_it_is_alone(
    site: Site, record_property: Tell
) -> None:
    refused_at = 0.0

    def primary_split_off(site: Site, people: Crowd) -> None:
        nonlocal refused_at
        before = site.primary()
        site.wires.cut([before, "web1"], [replica_of(site), *WATCHES, "web2"])
        refused_at = people.await_word("NOREPLICAS")
        await_failover(site, before)

    site.configure(min_replicas_to_write=1, min_replicas_max_lag=2)
    try:
        fate = endure(site, primary_split_off, record_property, "fsync, min-replicas-to-write 1")
    finally:
        site.configure(min_replicas_to_write=0)

    late = [line for line in fate.gone if line["sent"] > refused_at]
    assert (late, fate.doubled) == ([], 0)
    assert set(fate.failed) <= LOST_TALK | LOST_ORDERS, fate.sentences
    site.audit()
