"""The ranking of suggestions: pure, bounded, and each part grows with what speaks for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.features.offers.ranking import (
    WEIGHTS,
    Fit,
    Sold,
    ranked,
    reasons_for,
    score_of,
)

COUNT = st.integers(0, 10**6)
SOLD = st.builds(
    lambda orders, more, back: Sold(orders, orders + more, min(back, orders + more)),
    COUNT, COUNT, COUNT,
)  # fmt: skip
TAGS = st.lists(st.text("abc", min_size=1, max_size=2), unique=True, max_size=5)
FIT = st.builds(
    lambda tags, n, buyers, shared, own, elsewhere, hosts: Fit(
        tags, tags[:n], buyers, min(shared, buyers), own, elsewhere, hosts
    ),
    TAGS, st.integers(0, 5), COUNT, COUNT, SOLD, SOLD, COUNT,
)  # fmt: skip


@given(FIT)
def test_a_score_is_the_sum_of_its_reasons_between_nothing_and_the_whole(fit: Fit) -> None:
    reasons = reasons_for(fit)
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert 0 <= score_of(reasons) <= 1
    assert [each.score for each in reasons] == sorted((r.score for r in reasons), reverse=True)
    for reason in reasons:
        assert 0 < reason.score <= WEIGHTS[reason.part]
        assert str(reason.n) in reason.text
        assert reason.text.endswith(".")


@given(FIT, st.integers(1, 1000))
def test_more_that_speaks_for_a_pair_never_lowers_its_score(fit: Fit, more: int) -> None:
    before = score_of(reasons_for(fit))
    better = [
        fit._replace(buyers=fit.buyers + more, shared=fit.shared + more),
        fit._replace(own=_more(fit.own, more)),
        fit._replace(elsewhere=_more(fit.elsewhere, more)),
        fit._replace(shared_tags=list(fit.tags)),
    ]
    assert min(score_of(reasons_for(each)) for each in better) >= before - 1e-12
    worse = fit._replace(own=fit.own._replace(returned=fit.own.units))
    assert score_of(reasons_for(worse)) <= before + 1e-12


def _more(sold: Sold, more: int) -> Sold:
    return Sold(sold.orders + more, sold.units + more, sold.returned)


def test_the_best_come_first_and_what_nothing_speaks_for_is_left_out() -> None:
    fits = [
        ("nothing", Fit()),
        ("tags", Fit(["a"], ["a"])),
        ("audience", Fit(buyers=100, shared=100)),
        ("few", Fit(buyers=2, shared=2)),
    ]
    assert [each for each, _ in ranked(fits, 9)] == ["audience", "tags", "few"]
    assert [each for each, _ in ranked(fits, 1)] == ["audience"]
