"""Puts together what a host learns: notes, searches, and what nobody found, week beside week."""

from server.features.insights.numbers import WEEKS_BEFORE, InsightsView, WeekSpan
from server.features.insights.own_notes import note_heads, notes_opened
from server.features.insights.secret_book import MARKS, secret_of
from server.features.insights.settings import InsightSettings
from server.features.insights.sought import sought_in, texts_of
from server.features.insights.sources import Brought, shown_searches
from server.features.insights.weeks import Span, weeks_until
from server.records.database import Database

ROWS_MAX = 50
"""Notes, and searches, that are told: those that brought most."""


class HostInsights:
    """Reads what hosts learn. Methods may raise RecordsAway."""

    def __init__(self, records: Database, settings: InsightSettings) -> None:
        self._records = records
        self._settings = settings
        self._key = b""

    async def of_host(self, host: str, now: int) -> InsightsView:
        """Return what a host learns, as of the last copy."""
        if not self._key:
            async with self._records.writing() as connection:
                self._key = await secret_of(connection, MARKS)
        settings = self._settings
        weeks = weeks_until(now, settings.zone, WEEKS_BEFORE)
        brought = Brought(weeks)
        async with self._records.reading() as connection:
            await brought.read(connection, host, self._key)
            for n, span in enumerate(brought.spans):
                for note, people in (await notes_opened(connection, host, span)).items():
                    brought.note_opened(n, note, people)
            notes = brought.of_kind("note")[:ROWS_MAX]
            heads = await note_heads(connection, [note for _, note in notes])
            texts = await texts_of(connection, [query for _, query in brought.of_kind("search")])
            sought = await sought_in(connection, weeks, settings.zone, settings.people_min)
        shown, few = shown_searches(brought, texts, settings.people_min)
        now_span, by_then, *before = map(_span, brought.spans)
        return InsightsView(
            zone=settings.time_zone,
            now=now_span, by_then=by_then, before=before,
            people_min=settings.people_min,
            notes=[brought.row(note, *heads.get(note[1], ("", ""))) for note in notes],
            searches=[brought.row(each, texts[each[1]]) for each in shown[:ROWS_MAX]],
            few=brought.together(few),
            sought=sought,
        )  # fmt: skip


def _span(span: Span) -> WeekSpan:
    return WeekSpan(span.starts, span.ends)
