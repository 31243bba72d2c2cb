"""The pure core of the feed: co-visits, scores, windows of diversity, slots of newcomers."""

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.features.feed.covisits import DAY_MS, KIND_WEIGHTS, CoVisits, Interaction
from server.features.feed.diversity import Kinds, Window, diversified
from server.features.feed.newcomers import Newcomer, chosen, placed, slots
from server.features.feed.scoring import Candidate, score, taste_of
from server.features.feed.weights import FeedWeights

NOW = 1_764_547_200_000
WEIGHTS = FeedWeights()
ACTS = st.lists(
    st.builds(
        Interaction,
        st.sampled_from([f"p{n}" for n in range(8)]),
        st.sampled_from([f"host:h{n}" for n in range(12)]),
        st.sampled_from([*KIND_WEIGHTS, "unlike"]),
        st.integers(NOW, NOW + 60 * DAY_MS),
    ),
    max_size=120,
)


def watched(person: str, *hosts: str, at: int = NOW) -> list[Interaction]:
    return [Interaction(person, f"host:{host}", "watch", at) for host in hosts]


def counted(*acts: Interaction, half_life_ms: float = 30 * DAY_MS) -> CoVisits:
    covisits = CoVisits(half_life_ms)
    for act in acts:
        covisits.count(act)
    return covisits


class Known:
    """Notes are of the host and the tag in their id: `note:<host>-<tag>-<n>`."""

    def host_of(self, item: str) -> str:
        return item[5:].split("-", maxsplit=1)[0]

    def tags_of(self, item: str) -> Sequence[str]:
        return item[5:].split("-")[1:2]


def order_for(
    history: Sequence[Interaction],
    items: Sequence[str],
    covisits: CoVisits | None = None,
    weights: FeedWeights = WEIGHTS,
    follows: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """The items in the order for somebody, each with the code of its weightiest reason."""
    known = Known()
    taste = taste_of(history, follows, NOW, weights, covisits or CoVisits(), known)
    candidates = [Candidate(item, known.host_of(item), known.tags_of(item)) for item in items]
    return [
        (each.item, each.reasons[0].code if each.reasons else "")
        for each in score(taste, candidates, NOW, weights)
    ]


@given(ACTS)
def test_co_visits_stay_within_their_bounds_whatever_comes(acts: list[Interaction]) -> None:
    covisits = CoVisits(DAY_MS, recent_max=4, people_max=3, near_max=5, items_max=7)
    for act in acts:
        covisits.count(act)
        assert len(covisits) <= 7
    for n in range(12):
        near = covisits.near(f"host:h{n}")
        assert len(near) <= 10
        assert all(0 <= weight <= 1 for weight in near.values())
        assert f"host:h{n}" not in near


def test_items_of_the_same_people_are_near_and_others_are_not() -> None:
    covisits = counted(*watched("ann", "tea", "cups"), *watched("ben", "cups", "tea"),
                       *watched("cam", "shoes"))  # fmt: skip
    assert covisits.near("host:tea") == {"host:cups": pytest.approx(1)}
    assert covisits.near("host:shoes") == {}


def test_a_pair_of_this_week_is_nearer_than_one_of_last_year() -> None:
    covisits = counted(
        *watched("ann", "tea", "shoes", at=NOW - 365 * DAY_MS), *watched("ben", "tea", "cups")
    )
    near = covisits.near("host:tea")
    assert near["host:cups"] > 50 * near["host:shoes"]


def test_co_visits_say_the_same_after_years() -> None:
    """Weights that grow with time are written anew before they overflow."""
    acts = [watched(f"p{n}", "tea", "cups", at=NOW + n * 400 * DAY_MS) for n in range(4)]
    covisits = counted(*(act for pair in acts for act in pair), half_life_ms=DAY_MS)
    assert covisits.near("host:tea") == {"host:cups": pytest.approx(1)}


def test_what_is_forgotten_is_near_nothing() -> None:
    covisits = counted(*watched("ann", "tea", "cups"))
    covisits.forget_item("host:cups")
    assert covisits.near("host:tea") == covisits.near("host:cups") == {}
    covisits.forget_person("ann")
    covisits.count(watched("ann", "shoes")[0])
    assert covisits.near("host:tea") == {}


def test_each_part_of_a_score_puts_its_item_first_and_is_its_reason() -> None:
    buy = Interaction("ann", "host:tea", "buy", NOW - 40 * DAY_MS)
    read = Interaction("ann", "note:pen-ink-1", "like", NOW)
    assert order_for(watched("ann", "tea"), ["host:cups", "host:tea"])[0] == ("host:tea", "again")
    assert order_for([buy], ["host:cups", "host:tea"])[0] == ("host:tea", "bought")
    assert order_for([], ["host:cups", "host:tea"], follows=["tea"])[0] == ("host:tea", "follow")
    assert order_for([read], ["note:a-x-1", "note:b-ink-1"])[0] == ("note:b-ink-1", "tag")
    covisits = counted(*watched("ben", "tea", "cups"))
    found = order_for(watched("ann", "tea"), ["host:shoes", "host:cups"], covisits)
    assert found[0] == ("host:cups", "near")


def test_a_reason_names_what_it_is_about_and_reasons_add_up() -> None:
    history, covisits = watched("ann", "shoes", "tea"), counted(*watched("ben", "tea", "cups"))
    taste = taste_of(history, (), NOW, WEIGHTS, covisits, Known())
    candidate = Candidate("host:cups", "cups", (), NOW, popularity=3.0, seen=2)
    (scored,) = score(taste, [candidate], NOW, WEIGHTS)
    assert ("near", "host:tea") in [(each.code, each.about) for each in scored.reasons]
    assert {each.code for each in scored.reasons} == {"near", "popular", "fresh"}
    adds = sum(each.adds for each in scored.reasons)
    assert scored.score == pytest.approx(adds - 2 * WEIGHTS.weight_seen)


def test_popularity_is_compared_within_rooms_and_within_notes() -> None:
    taste = taste_of((), (), NOW, WEIGHTS, CoVisits(), Known())
    room = Candidate("host:tea", "tea", popularity=1000.0)
    note = Candidate("note:tea-x-1", "tea", popularity=5.0)
    assert {each.score for each in score(taste, [room, note], NOW, WEIGHTS)} == {
        WEIGHTS.weight_popular
    }


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "x", "y"])), max_size=40),
    st.builds(Window, st.integers(1, 8), st.integers(1, 3), st.integers(1, 4)),
)
def test_a_window_is_broken_only_when_no_row_is_left_that_keeps_it(
    rows: list[tuple[str, str]], window: Window
) -> None:
    kinds = [Kinds(host, (tag,) if tag else ()) for host, tag in rows]
    given_rows = diversified(list(enumerate_kinds(kinds)), len(rows), window)
    assert sorted(given_rows) == list(range(len(rows)))
    for place, row in enumerate(given_rows):
        above = [kinds[n] for n in given_rows[max(0, place - window.rows + 1) : place]]
        if not keeps(kinds[row], above, window):
            assert not any(keeps(kinds[n], above, window) for n in given_rows[place:])


def enumerate_kinds(kinds: Sequence[Kinds]) -> list[tuple[int, Kinds]]:
    return list(enumerate(kinds))


def keeps(row: Kinds, above: Sequence[Kinds], window: Window) -> bool:
    hosts = Counter(each.host for each in above)
    tags = Counter(tag for each in above for tag in each.tags)
    return hosts[row.host] < window.host_max and all(tags[t] < window.tag_max for t in row.tags)


@given(
    st.lists(st.integers(1, 30), max_size=8),
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(0, 120), st.integers(-30, 30)), max_size=30),
    st.integers(0, 60),
    st.randoms(use_true_random=False),
)
def test_newcomers_never_have_more_than_their_share_of_any_first_rows(
    pages: list[int], percent: int, waiting: list[tuple[int, int]], ranked: int,
    rng: random.Random,
) -> None:  # fmt: skip
    """However many wait, however long the pages are, and however few rows there are besides."""
    newcomers = [
        Newcomer(f"note:{n}", "h", NOW - hours * 3_600_000, 100, shown)
        for n, (shown, hours) in enumerate(waiting)
    ]
    feed: list[str] = []
    for size in pages:
        places = slots(len(feed), size, percent)
        items = chosen(newcomers, set(feed), len(places), NOW, DAY_MS, rng)
        assert len(items) <= len(places)
        page = placed([""] * ranked, items, places, len(feed))[:size]
        feed += page
    given_items = [item for item in feed if item]
    assert len(given_items) == len(set(given_items))
    assert all(
        100 * sum(map(bool, feed[:rows])) <= percent * rows for rows in range(1, len(feed) + 1)
    )
    owed = {each.item for each in newcomers if each.shown < 100 and each.began + DAY_MS > NOW}
    assert set(given_items) <= owed


def test_who_is_owed_more_or_has_less_time_comes_more_often() -> None:
    hour = 3_600_000
    waiting = [
        Newcomer("note:early", "a", NOW - 2 * hour, 100, 0),
        Newcomer("note:late", "b", NOW - 22 * hour, 100, 0),
        Newcomer("note:nearly", "c", NOW - 2 * hour, 100, 95),
        Newcomer("host:live", "d", NOW - 2 * hour, 100, 0),
    ]
    rng = random.Random(1)
    drawn = Counter(chosen(waiting, (), 1, NOW, DAY_MS, rng)[0] for _ in range(2000))
    assert drawn["host:live"] > drawn["note:late"] > drawn["note:early"] > drawn["note:nearly"]
