"""The fold: the same in whatever portions, and its edge cases."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from server.features.figures.reckoning.fold import Fold
from server.features.figures.reckoning.models import Context, Figures
from server.features.figures.reckoning.tables import TABLES, table
from tests.figures import evening
from tests.figures.evening import (
    CONTEXT,
    FACTS,
    LEDGER,
    MUG,
    SOFA,
    Dict,
    at,
    came,
    fact_id,
    figures,
    folded,
    order,
    steps,
    visits,
)

LIVE: Dict = {"k": "phase", "at": at(0), "phase": "live"}
NONE = Context()


def pin(sku: str, minute: float) -> Dict:
    return {"k": "pin", "at": at(minute), "sku": sku, "title": sku.title()}


def ask(user: str, sku: str, minute: float) -> Dict:
    return {"k": "asks", "at": at(minute), "asks": [{"user": user, "sku": sku, "by": "words"}]}


def fold_in_portions(ledger: list[Dict], facts: list[Dict], sizes: list[int]) -> Figures:
    """Take some of one, then of the other, asking for figures in between."""
    fold = Fold("r1", "mei")
    lines = list(enumerate(ledger, 1))
    told = [(fact_id(n, fact), fact) for n, fact in enumerate(facts)]
    for turn, size in enumerate([*sizes, 99, 99]):
        if turn % 2:
            taken, told = told[:size], told[size:]
            for fact_place, fact in taken:
                fold.take_fact(fact_place, fact)
        else:
            some, lines = lines[:size], lines[size:]
            for number, line in some:
                fold.take_ledger(number, line)
        fold.figures(at(70), CONTEXT)
    return fold.figures(at(70), CONTEXT)


@st.composite
def evenings(draw: st.DrawFn) -> tuple[list[Dict], list[Dict]]:
    """Some people, some pins, some orders: ledger and facts in the order of time."""
    minute = st.integers(0, 60)
    user = st.sampled_from(["ann", "ben", "cat"])
    ledger: list[Dict] = []
    for n, (who, when, what, end) in enumerate(
        draw(
            st.lists(
                st.tuples(
                    user,
                    minute,
                    st.sampled_from([MUG, SOFA]),
                    st.sampled_from([(), ("paid",), ("paid", "returned"), ("cancelled",)]),
                ),
                max_size=8,
            )
        )
    ):
        made = order(f"o{n}", who, when, what)
        ledger += steps(made, *((status, when + n + 1) for n, status in enumerate(end)))
    facts = [LIVE] if draw(st.booleans()) else []
    facts += [pin(sku, m) for sku, m in draw(pins_of(minute))]
    facts += [ask(who, "mug", m) for who, m in draw(st.lists(st.tuples(user, minute), max_size=4))]
    for n, (who, start, stay) in enumerate(
        draw(st.lists(st.tuples(user, minute, st.integers(0, 30)), max_size=8))
    ):
        worker = f"w{n % 2}"
        facts.append(visits(worker, start, [came(who, n, start)], []))
        if stay:
            facts.append(visits(worker, start + stay, [], [(n, start + stay)]))
    if draw(st.booleans()):
        facts.append({"k": "phase", "at": at(draw(st.integers(30, 60))), "phase": "ended"})
    by_time = lambda thing: thing["at"]  # noqa: E731
    return sorted(ledger, key=by_time), sorted(facts, key=by_time)


def pins_of(minute: st.SearchStrategy[int]) -> st.SearchStrategy[list[tuple[str, int]]]:
    return st.lists(st.tuples(st.sampled_from(["mug", "sofa", ""]), minute), max_size=6)


@settings(max_examples=60, deadline=None)
@given(evenings(), st.lists(st.integers(0, 6), max_size=8))
def test_figures_of_any_portions_are_those_of_all_at_once(
    of: tuple[list[Dict], list[Dict]], sizes: list[int]
) -> None:
    ledger, facts = of
    assert fold_in_portions(ledger, facts, sizes) == figures(ledger, facts)


@settings(max_examples=60, deadline=None)
@given(evenings())
def test_products_and_pins_add_up_to_the_whole(of: tuple[list[Dict], list[Dict]]) -> None:
    made = figures(*of)
    numbers = made.numbers
    products = sum(row.gmv.get("CNY", 0) for row in made.products)
    assert products == numbers.gmv_gross.get("CNY", 0) + numbers.coupon_cost.get("CNY", 0)
    assert sum(row.units for row in made.products) == numbers.units
    assert sum(row.units_pinned for row in made.products) == sum(row.units for row in made.pins)
    assert sum(row.orders for row in made.sources) == numbers.orders
    assert sum(row.orders for row in made.minutes) == numbers.orders
    assert sum(row.buyers for row in made.first_orders) == numbers.first_order_count
    shares = [numbers.conversion, numbers.return_rate, numbers.asker_conversion]
    assert all(share is None or 0 <= share <= 1 for share in shares)


def test_lines_and_facts_taken_twice_count_once() -> None:
    fold = folded()
    before = fold.figures(at(70), CONTEXT)
    for number, line in enumerate(LEDGER, 1):
        fold.take_ledger(number, line)
    for n, fact in enumerate(FACTS):
        fold.take_fact(fact_id(n, fact), fact)
    assert fold.figures(at(70), CONTEXT) == before


def test_ids_of_facts_are_compared_as_numbers() -> None:
    fold = Fold("r1", "mei")
    fold.take_fact("999-9", LIVE | {"at": 999})
    fold.take_fact("1000-0", pin("mug", 0) | {"at": 1000})
    fold.take_fact("1000-10", pin("sofa", 0) | {"at": 1000})
    fold.take_fact("1000-9", pin("", 0) | {"at": 1000})
    assert fold.timeline == "1000-10"


def test_an_empty_room_has_no_shares_instead_of_zeros() -> None:
    numbers = figures([], [], NONE).numbers
    undefined = [name for name, value in msgspec.structs.asdict(numbers).items() if value is None]
    assert undefined == [
        "conversion", "watch_mean_ms", "watch_median_ms", "first_order_p25_ms",
        "first_order_p50_ms", "first_order_p75_ms", "first_order_p90_ms", "repurchase_share",
        "fan_order_share", "return_rate", "coupon_use_share", "reserved_conversion",
        "announced_conversion", "asker_conversion",
    ]  # fmt: skip
    assert numbers.gmv_gross == {}


def test_a_second_connection_does_not_count_the_same_minutes_twice() -> None:
    facts = [
        LIVE,
        visits("w1", 20, [came("ann", 1, 0), came("ann", 2, 5), came("ann", 3, 18)], [(1, 10)]),
        visits("w1", 30, [], [(2, 12), (3, 25)]),
    ]
    numbers = figures([], facts, NONE).numbers
    assert (numbers.watch_total_ms, numbers.viewers) == (19 * evening.MINUTE, 1)


def test_the_open_visits_of_a_worker_that_crashed_end_with_its_last_word() -> None:
    facts = [
        LIVE,
        visits("w1", 1, [came("ann", 1, 0)], []),
        visits("w2", 2, [came("ben", 1, 0)], []),
        visits("w1", 9, [], []),
        visits("w2", 30, [], []),
    ]
    fold = folded([], facts)
    assert fold.figures(at(60), NONE).numbers.watch_total_ms == (9 + 30) * evening.MINUTE


def test_a_visit_that_is_told_twice_counts_as_it_was_told_first() -> None:
    facts = [
        LIVE,
        visits("w1", 1, [came("ann", 1, 0)], []),
        visits("w1", 2, [came("ann", 1, 0.5)], [(1, 2)]),
        visits("w1", 3, [], [(1, 3)]),
    ]
    assert figures([], facts, NONE).numbers.watch_total_ms == 2 * evening.MINUTE


def test_waiting_before_the_start_and_the_replay_are_not_watching() -> None:
    end: Dict = {"k": "phase", "at": at(10), "phase": "ended"}
    facts = [
        visits("w1", -20, [came("ann", 1, -30), came("eve", 2, -30)], [(2, -20)]),
        LIVE,
        end,
        visits("w1", 40, [came("fay", 3, 20)], [(1, 30), (3, 40)]),
    ]
    numbers = figures([], facts, NONE).numbers
    assert (numbers.watchers, numbers.watch_total_ms) == (1, 10 * evening.MINUTE)
    assert (numbers.viewers, numbers.replay_viewers) == (3, 2)


def test_an_order_paid_late_counts_in_the_minute_and_the_pin_it_was_placed_in() -> None:
    facts = [LIVE, pin("mug", 5), pin("sofa", 10), pin("", 20)]
    ledger = steps(order("o1", "ann", 9.9, MUG), ("expired", 15), ("paid", 25))
    made = figures(ledger, facts, NONE)
    assert [(row.sku, row.units, row.other_units) for row in made.pins] == [
        ("mug", 1, 0),
        ("sofa", 0, 0),
    ]
    assert [row.minute_ms for row in made.minutes] == [at(9)]


def test_a_pin_begins_with_the_stream_and_ends_with_it() -> None:
    end: Dict = {"k": "phase", "at": at(30), "phase": "ended"}
    facts = [pin("mug", -60), LIVE, end, pin("sofa", 40)]
    late = order("o1", "ann", 45, SOFA, replay=True)
    made = figures(steps(late, ("paid", 46)), facts, NONE)
    assert [(row.sku, row.from_ms, row.to_ms) for row in made.pins] == [("mug", at(0), at(30))]
    sofa = next(row for row in made.products if row.sku == "sofa")
    assert (sofa.pinned_ms, sofa.units, sofa.units_pinned, sofa.units_replay) == (0, 1, 0, 1)
    assert (made.numbers.replay_orders, made.numbers.replay_gmv) == (1, {"CNY": 50_000})


def test_the_pin_that_is_on_lasts_until_now() -> None:
    made = folded([], [LIVE, pin("mug", 5)]).figures(at(12), NONE)
    assert [(row.to_ms, row.ms) for row in made.pins] == [(None, 7 * evening.MINUTE)]


def test_a_buyer_without_a_visit_is_a_viewer_and_has_no_first_arrival() -> None:
    numbers = figures(steps(order("o1", "ann", 5, MUG), ("paid", 6)), [LIVE], NONE).numbers
    assert (numbers.viewers, numbers.conversion, numbers.first_order_count) == (1, 1.0, 0)


def test_currencies_are_never_added_up() -> None:
    ledger = [
        *steps(order("o1", "ann", 5, MUG), ("paid", 6)),
        *steps(order("o2", "ann", 7, SOFA, currency="EUR"), ("paid", 8), ("returned", 9)),
    ]
    numbers = figures(ledger, [LIVE], NONE).numbers
    assert numbers.gmv_gross == {"CNY": 10_000, "EUR": 50_000}
    assert numbers.gmv_net == {"CNY": 10_000, "EUR": 0}
    assert numbers.average_order == {"CNY": 10_000, "EUR": 50_000}


def test_a_buyer_who_first_paid_elsewhere_in_the_same_millisecond_is_not_returning() -> None:
    ledger = steps(order("o1", "ann", 5, MUG), ("paid", 6))
    for before, returning in ((at(6) - 1, 1), (at(6), 0), (at(7), 0)):
        context = Context(bought_before={"ann": before})
        assert figures(ledger, [LIVE], context).numbers.returning_buyers == returning


def test_a_user_who_follows_after_the_order_was_placed_is_no_fan_in_it() -> None:
    ledger = steps(order("o1", "ann", 5, MUG), ("paid", 60))
    for followed, fans in ((at(5), 1), (at(5) + 1, 0)):
        context = Context(followed={"ann": followed})
        assert figures(ledger, [LIVE], context).numbers.fan_orders == fans


def test_an_asker_who_bought_before_asking_is_not_converted() -> None:
    ledger = steps(order("o1", "ann", 5, MUG), ("paid", 6))
    asked_after = figures(ledger, [LIVE, ask("ann", "mug", 7)], NONE)
    asked_before = figures(ledger, [LIVE, ask("ann", "mug", 5)], NONE)
    assert (asked_after.numbers.asker_conversion, asked_before.numbers.asker_conversion) == (0, 1)
    assert asked_after.products[0].asker_conversion == 0


def test_a_fan_group_is_always_live_and_counts_from_the_window_on() -> None:
    ledger = [
        *steps(order("o1", "ann", 5, MUG, group=True), ("paid", 20)),
        *steps(order("o2", "ann", 12, MUG, group=True), ("paid", 20)),
    ]
    facts = [visits("w1", 5, [came("ann", 1, 5)], []), visits("w1", 20, [came("ben", 2, 12)], [])]
    made = folded(ledger, facts, always_live=True, since_ms=at(10)).figures(at(70), NONE)
    assert (made.numbers.orders, made.numbers.group_orders) == (1, 1)
    assert (made.numbers.watchers, made.numbers.watch_total_ms) == (1, 8 * evening.MINUTE)


def test_earlier_streams_that_sold_nothing_count_as_zero_in_sums_and_not_in_averages() -> None:
    context = Context(earlier=[{"orders": 1}, {"gmv_gross.CNY": 10, "average_order.CNY": 10.0}])
    compared = figures(context=context).compared
    assert (compared["gmv_gross.CNY"].median, compared["gmv_gross.CNY"].streams) == (5, 2)
    assert compared["average_order.CNY"].streams == 1
    assert (compared["orders"].streams, compared["orders"].change) == (1, 2.0)
    assert compared["return_rate"].median is None


def test_every_table_has_cells_under_each_of_its_columns() -> None:
    made = figures()
    for name in TABLES:
        head, *rows = table(made, name)
        assert all(len(row) == len(head) for row in rows), name
    row = ["gmv_gross.CNY", 79_000, 54_000, 2, 25 / 54, "790.00", "540.00"]
    assert row in table(made, "numbers")
    pins = table(made, "pins")
    assert "gmv.CNY" in pins[0]
    assert pins[1][pins[0].index("other_gmv.CNY")] == 0
    gmv, in_units = (pins[1][pins[0].index(name)] for name in ("gmv.CNY", "gmv.CNY.decimal"))
    assert (gmv, in_units) == (30_000, "300.00")


def test_only_money_is_written_in_units() -> None:
    made = figures()
    written = {row[0] for row in table(made, "numbers")[1:] if row[5] is not None}
    assert {str(name).partition(".")[2] for name in written} == {"CNY"}


def test_an_order_of_the_very_millisecond_of_a_pin_belongs_to_that_pin() -> None:
    facts = [LIVE, pin("mug", 5), pin("sofa", 10)]
    made = figures(steps(order("o1", "ann", 10, SOFA), ("paid", 11)), facts, NONE)
    assert [(row.sku, row.units, row.other_units) for row in made.pins] == [
        ("mug", 0, 0),
        ("sofa", 1, 0),
    ]


def test_a_user_who_comes_twice_during_a_pin_is_one_viewer_of_it() -> None:
    facts = [
        LIVE,
        pin("mug", 5),
        pin("sofa", 30),
        visits("w1", 40, [came("ann", 1, 0), came("ann", 2, 10), came("ann", 3, 35)], []),
        visits("w1", 50, [], [(1, 7), (2, 12), (3, 50)]),
    ]
    assert [row.viewers for row in figures([], facts, NONE).pins] == [1, 1]


def test_an_ask_before_the_start_is_none_of_the_pin() -> None:
    facts = [pin("mug", -10), ask("ann", "mug", -5), LIVE, ask("ben", "mug", 5)]
    made = figures([], facts, NONE)
    assert [row.asks for row in made.pins] == [1]
    assert (made.products[0].asks, made.products[0].asks_unpinned) == (2, 0)
