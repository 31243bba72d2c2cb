"""`liveroom exposure`: how often a host and their notes were shown in the feed, and why."""

import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.on_store import Config, DataDir, NotThere, RedisUrl, run_on_store
from server.house import load_settings, records_of
from server.store.room_store import RoomStore

if TYPE_CHECKING:
    from server.features.feed.exposure import ItemExposure

NOT_KEPT = 1


def add_to(app: typer.Typer) -> None:
    """Add this command to the `liveroom` command."""
    app.command()(exposure)


def exposure(
    host: Annotated[str, typer.Argument(help="Id of the host.")],
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Say how often a host and their notes were shown in the feed, by day and place, and whether
    what newcomers are promised was kept. Status 1 if it was not."""
    from server.features.feed.exposure import ExposureBook
    from server.features.feed.settings import FeedSettings

    settings = load_settings(config, {"data.dir": data_dir, "redis.url": redis_url})
    feed = settings.section(FeedSettings)

    async def work(_: RoomStore) -> int:
        records = records_of(settings)
        try:
            book = ExposureBook(records, feed.newcomer_window_ms, feed.newcomers_percent_max)
            items = await book.of_host(host)
        finally:
            await records.aclose()
        if not items:
            raise NotThere(
                f"Nothing of `{host}` was ever in the feed: check the id, or whether they were "
                "live or published a note."
            )
        for item in items:
            for line in lines_of(item):
                typer.echo(line)
        return NOT_KEPT if any(i.promise and i.promise.broken for i in items) else 0

    run_on_store(work, config, data_dir, redis_url)


def lines_of(item: "ItemExposure") -> list[str]:
    """Return what is said of one item: what was promised and given, then each day and place."""
    total = sum(each.shown for each in item.days)
    if item.promise is None:
        head = f"{item.item}: shown {total} times; nothing was promised, it is no newcomer."
    else:
        began = datetime.datetime.fromtimestamp(item.promise.began / 1000, datetime.UTC)
        head = (
            f"{item.item}: new since {began:%Y-%m-%d %H:%M} UTC, promised {item.promise.promised} "
            f"impressions, given {item.promise.shown} in its first day, {total} in all. "
            f"{item.promise.verdict}"
        )
    days = [
        f"  {datetime.date(1970, 1, 1) + datetime.timedelta(days=each.day)}  "
        f"{each.place:<10} {each.shown:>8}"
        for each in item.days
    ]
    return [head, *days]
