"""Ann reports what Ben said, and Ben; the host reads it and settles both."""

from server.features.comments.messages import Comment
from server.features.reports.messages import DeskOutcome, Report, ReportSettle, ReportsRead
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    said = (await stage.do(Comment(ref=1, text="buy at my shop instead"), BEN)).id
    await stage.do(Report(ref=1, about="comment", kind="spam", id=said, text="an advert"), ANN)
    await stage.do(Report(ref=1, about="user", kind="spam", id="ben"), ANN)
    found = (await stage.do(ReportsRead(ref=1))).reports
    outcomes: dict[str, DeskOutcome] = {"comment": "removed", "user": "dismissed"}
    for report in found:
        outcome = outcomes[report.about]
        await stage.do(ReportSettle(ref=1, thing=report.thing, outcome=outcome))
