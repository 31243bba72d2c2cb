"""docs/metrics.md says what is computed: each number has an entry, each example is right."""

from typing import Any

import msgspec
import pytest
from msgspec import structs

from server.features.figures.reckoning import models
from server.features.figures.reckoning.models import Figures
from tests.figures.evening import at, figures
from tests.figures.metrics_page import examples, section

NAMES_A_ROW = {
    "kind", "id", "sku", "title", "from_ms", "to_ms", "coupon", "minute_ms",
}  # fmt: skip
"""Fields that say what a row is about."""

STRUCTS: dict[str, type[msgspec.Struct]] = {
    "numbers": models.Numbers,
    "sources": models.SourceRow,
    "products": models.ProductRow,
    "pins": models.PinRow,
    "coupons": models.CouponRow,
    "minutes": models.MinuteRow,
}


def row_of(made: Figures, table: str) -> Any:
    """The row that the examples of a table are about."""
    match table:
        case "sources":
            return next(row for row in made.sources if row.kind == "search")
        case "products":
            return next(row for row in made.products if row.sku == "mug")
        case "minutes":
            return next(row for row in made.minutes if row.minute_ms == at(20))
        case "pins" | "coupons":
            return getattr(made, table)[0]
    return made.numbers


@pytest.mark.parametrize("table", STRUCTS)
def test_each_number_has_an_entry_and_each_entry_a_number(table: str) -> None:
    fields = [field.name for field in structs.fields(STRUCTS[table])]
    assert list(examples(table)) == [name for name in fields if name not in NAMES_A_ROW]


@pytest.mark.parametrize("table", STRUCTS)
def test_each_entry_is_whole(table: str) -> None:
    for name, formula, unit, reads, _edges, example in section(table):
        assert all((name, formula, unit, reads, example)), name


@pytest.mark.parametrize("table", STRUCTS)
def test_each_example_is_what_the_fold_gives(table: str) -> None:
    found = msgspec.to_builtins(row_of(figures(), table))
    assert {name: found[name] for name in examples(table)} == examples(table)


def test_the_examples_of_first_orders_and_of_comparing_are_right() -> None:
    made = figures()
    assert {(row.from_ms, row.below_ms) for row in made.first_orders if row.buyers} == {
        (300_000, 600_000),
        (600_000, 1_200_000),
        (1_200_000, 1_800_000),
    }
    assert made.first_orders[-1].below_ms is None
    gross = made.compared["gmv_gross.CNY"]
    assert (gross.median, gross.streams) == (54_000, 2)
    assert gross.change == pytest.approx(25 / 54)
