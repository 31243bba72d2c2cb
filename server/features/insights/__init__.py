"""Insights: what a host learns of who came, from where, and of what was not found."""

from server.feature import Engine, Feature, Running
from server.features.insights.host_advice import HostAdvice
from server.features.insights.host_insights import HostInsights
from server.features.insights.old_rows import OldRows
from server.features.insights.projection import InsightProjection
from server.features.insights.routes import InsightRoutes
from server.features.insights.search_log import SearchLog, forget_searches
from server.features.insights.settings import InsightKeeping, InsightSettings
from server.features.insights.sought import Sought
from server.features.search.searching import Search
from server.rooms.retention import Removal


def _make(engine: Engine, search: Search) -> Running:
    store, records = engine.store, engine.records
    settings = engine.settings.section(InsightSettings)
    keeping = engine.settings.section(InsightKeeping)
    days = keeping.keep_insights_days
    log = SearchLog(records, settings)
    search.heard = log.heard
    sought = Sought(records, settings.zone, settings.time_zone)
    advice = HostAdvice(store, records, settings, days)
    old = OldRows(records)
    return Running(
        it=log,
        tasks=[log],
        routes=InsightRoutes(HostInsights(records, settings), advice, sought).routes(),
        projections=[InsightProjection(days)],
        forgets_user=[forget_searches],
        removals=[
            Removal(kind="insights", days=days, due=old.count, remove=old.remove),
            Removal(
                kind="searches", days=keeping.keep_searches_days,
                due=sought.count_old, remove=sought.remove_old,
            ),
        ],
    )  # fmt: skip


FEATURE = Feature(
    make=_make,
    leans_on=("search",),
    reads=("asks", "circles", "figures", "notes", "orders", "purchases", "ties"),
    settings={InsightSettings: "insights", InsightKeeping: "records"},
)
