"""The fold: ledger lines and timeline facts in, in any portions; figures out, at any time.

It uses no clock and reads no store. The same lines and facts give the same figures, whatever their
portions and whether lines or facts came first.
"""

from typing import Any

from server.features import all_facts
from server.features.figures.reckoning.compared import compare
from server.features.figures.reckoning.figure_types import types_of
from server.features.figures.reckoning.findings import find
from server.features.figures.reckoning.models import Context, Figures
from server.features.figures.reckoning.numbers import numbers_of
from server.features.figures.reckoning.rows import Rows
from server.features.figures.reckoning.taken import Taken
from server.features.visits.facts import Attended
from server.rooms.fact_book import FactBook


class Fold(Taken):
    """A room's figures, computed from the lines and facts taken so far.

    `book` has the facts that count: by default those of all features that there are.
    """

    def __init__(
        self,
        room: str,
        host: str,
        book: FactBook | None = None,
        *,
        always_live: bool = False,
        since_ms: int = 0,
    ) -> None:
        book = all_facts() if book is None else book
        super().__init__(room, host, book, always_live=always_live, since_ms=since_ms)
        self._types = types_of(book)
        self._attended: tuple[Any, Attended] | None = None

    def figures(self, now_ms: int, context: Context) -> Figures:
        """All figures as of `now_ms` (Unix ms, not earlier than any line or fact taken)."""
        self.pins.count_sales(self.sold.order_lines)
        attended = self._attend()
        rows = Rows(self, attended, now_ms)
        numbers = numbers_of(self, attended, context, self._types.numbers)
        figures = self._types.figures(
            room=self.room,
            at_ms=now_ms,
            ledger=self.ledger,
            timeline=self.timeline,
            started_ms=self.started_ms,
            ended_ms=self.ended_ms,
            numbers=numbers,
            first_orders=rows.first_orders(),
            sources=rows.sources(),
            source_ids=rows.source_ids(),
            products=rows.products(),
            pins=rows.newest_pins(),
            coupons=rows.coupons(),
            minutes=rows.minutes(),
            compared=compare(numbers, context.earlier),
        )
        figures.findings = find(figures)
        return figures

    def _attend(self) -> Attended:
        """The attendance, cached: visits change every few seconds, requests come more often."""
        pins = [span for _, span in self.shelf.during(self.stream)]
        as_of = (self.visits.version, self.stream, pins)
        if self._attended is None or self._attended[0] != as_of:
            ended = self.ended_ms is not None
            self._attended = as_of, self.visits.during(self.stream, ended, pins)
        return self._attended[1]
