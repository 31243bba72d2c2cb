"""Reports: what people tell of comments, people, products, reviews, notes and rooms."""

from server.feature import Engine, Feature, Running
from server.features.notes import Written
from server.features.reports import messages
from server.features.reports.outcomes import Outcomes
from server.features.reports.report_book import ReportBook
from server.features.reports.reports import OldReports, Reports, delete_reports, forget_reports
from server.features.reports.routes import ReportRoutes
from server.features.reports.settings import ReportKeeping, ReportSettings
from server.features.reports.snapshot import SaidPart
from server.features.reports.things import Things
from server.features.reviews.reviews import Reviews
from server.features.users.banning import Banning
from server.protocol.message import Event
from server.rooms.retention import Removal
from server.store.reading import asked
from server.store.room_store import RoomStore


def _make(engine: Engine, reviews: Reviews, written: Written, banning: Banning) -> Running:
    store, records = engine.store, engine.records
    settings = engine.settings.section(ReportSettings)
    book = ReportBook(records)
    things = Things(store, records, engine.directory, engine.open_room)
    reports = Reports(store, records, settings, engine.metrics, things, book)
    outcomes = Outcomes(
        records, engine.dispatch, engine.directory, reviews, written, banning, reports
    )
    old = OldReports(records)
    days = engine.settings.section(ReportKeeping).keep_reports_days
    return Running(
        takes=[reports, outcomes],
        routes=ReportRoutes(book, reports, outcomes, engine.dispatch).routes(),
        closes=[reports.batches.aclose],
        forgets_user=[forget_reports],
        deletes=[delete_reports],
        removals=[Removal(kind="reports", days=days, due=old.count, remove=old.remove)],
    )


async def _staff_values(store: RoomStore, room_id: str) -> list[Event]:
    """Return how many things wait at the desk, as it was told last. Raises CommandError."""
    total = await asked(store.redis.get(store.keys.room(room_id, "reported")))
    return [messages.ReportsEvent(total=int(total or 0))]


FEATURE = Feature(
    make=_make,
    leans_on=("reviews", "notes", "users"),
    reads=("actions", "comments", "phases", "shelf"),
    messages=messages,
    settings={ReportSettings: "reports", ReportKeeping: "records"},
    part=SaidPart,
    staff_values=_staff_values,
    keys={"reported": "integer: how many reported things wait for host and moderators"},
)
