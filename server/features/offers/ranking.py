"""Ranks which goods suit which host: a score from 0 to 1, made of parts that each can be told.
Pure.

Each part is between 0 and 1, and counts with its weight. Small numbers are drawn towards nothing,
so that one buyer of two is no audience:

- `audience`: of the host's `buyers`, `shared` bought of this merchant in others' rooms:
  shared / (buyers + 20)
- `tags`: the share of the goods' tags that goods have which the host sold or picked
- `sales`: the host's own orders of this merchant: orders / (orders + 20), less the share of units
  that came back
- `elsewhere`: the orders of these goods in others' rooms: orders / (orders + 100), less likewise
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar

from msgspec import Struct

Part = Literal["audience", "tags", "sales", "elsewhere"]
WEIGHTS: dict[Part, float] = {"audience": 0.4, "tags": 0.3, "sales": 0.2, "elsewhere": 0.1}
"""How much each part counts."""
BUYERS_DRAWN = 20
ORDERS_DRAWN = 20
ELSEWHERE_DRAWN = 100

T = TypeVar("T")


class Sold(NamedTuple):
    """Paid orders, the units in them, and how many of these came back."""

    orders: int = 0
    units: int = 0
    returned: int = 0

    @property
    def kept(self) -> float:
        """The share of the units that did not come back."""
        return 1 - self.returned / self.units if self.units else 0.0


class Fit(NamedTuple):
    """What is known of a host and goods. `shared_tags` are of the goods' `tags` those that goods
    have which the host sold or picked; of the host's `buyers`, `shared` bought of this merchant
    in others' rooms; `own` are the host's sales of this merchant, `elsewhere` others' of these
    goods, by so many `hosts`."""

    tags: Collection[str] = ()
    shared_tags: Sequence[str] = ()
    buyers: int = 0
    shared: int = 0
    own: Sold = Sold()
    elsewhere: Sold = Sold()
    hosts: int = 0


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why something is suggested: a part of the score, and its numbers as a sentence.

    `n` and `of` are the numbers: shared buyers and buyers, tags, or orders; for `sales` and
    `elsewhere` `returned` of `units` came back.
    """

    part: Part
    score: float
    text: str
    n: int
    of: int = 0
    units: int = 0
    returned: int = 0
    hosts: int = 0
    tags: list[str] = []


def reasons_for(fit: Fit) -> list[Reason]:
    """Return the parts that speak for a host and goods, the weightiest first."""
    found = (_audience(fit), _tags(fit), _sales(fit), _elsewhere(fit))
    told = [reason for reason in found if reason.score > 0]
    return sorted(told, key=lambda reason: (-reason.score, reason.part))


def score_of(reasons: Iterable[Reason]) -> float:
    """Return the score, from 0 to 1."""
    return sum(reason.score for reason in reasons)


def ranked(fits: Iterable[tuple[T, Fit]], most: int) -> list[tuple[T, list[Reason]]]:
    """Return what is suggested with its reasons, the best first; of equals, the first one given.
    What nothing speaks for is left out."""
    found = [(each, reasons_for(fit)) for each, fit in fits]
    found = [(each, reasons) for each, reasons in found if reasons]
    found.sort(key=lambda one: -score_of(one[1]))
    return found[:most]


def _audience(fit: Fit) -> Reason:
    n, of = fit.shared, fit.buyers
    part = n / (of + BUYERS_DRAWN)
    text = f"{n} of {_many(of, 'buyer')} bought of this merchant in others' rooms."
    return _reason("audience", part, text, n=n, of=of)


def _tags(fit: Fit) -> Reason:
    n, of = len(fit.shared_tags), len(fit.tags)
    text = f"Goods sold or picked before share {n} of {_many(of, 'tag')}: " + (
        ", ".join(fit.shared_tags) + "."
    )
    part = n / of if of else 0.0
    return _reason("tags", part, text, n=n, of=of, tags=list(fit.shared_tags))


def _sales(fit: Fit) -> Reason:
    own = fit.own
    part = own.orders / (own.orders + ORDERS_DRAWN) * own.kept
    text = f"{_many(own.orders, 'order')} of this merchant in the host's rooms, {_back(own)}."
    return _reason("sales", part, text, own.orders, units=own.units, returned=own.returned)


def _elsewhere(fit: Fit) -> Reason:
    sold = fit.elsewhere
    part = sold.orders / (sold.orders + ELSEWHERE_DRAWN) * sold.kept
    text = f"{_many(sold.orders, 'order')} at {_many(fit.hosts, 'other host')}, {_back(sold)}."
    return _reason(
        "elsewhere", part, text, sold.orders, units=sold.units, returned=sold.returned,
        hosts=fit.hosts,
    )  # fmt: skip


def _reason(
    part: Part, score: float, text: str, n: int, of: int = 0, units: int = 0, returned: int = 0,
    hosts: int = 0, tags: Sequence[str] = (),
) -> Reason:  # fmt: skip
    return Reason(
        part=part, score=WEIGHTS[part] * score, text=text, n=n, of=of, units=units,
        returned=returned, hosts=hosts, tags=list(tags),
    )  # fmt: skip


def _back(sold: Sold) -> str:
    return f"{sold.returned} of {_many(sold.units, 'unit')} came back"


def _many(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
