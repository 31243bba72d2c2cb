"""The facts that the timeline keeps about changes of a room."""

from server.rooms.facts import Fact


class ChangeFact(Fact, tag="change", frozen=True, kw_only=True):
    """The room was changed: these are its new values, '' or 0 where it has none now."""

    title: str | None = None
    scheduled: int | None = None
    stream_url: str | None = None
    embed_url: str | None = None
    cover: str | None = None
    draft: bool | None = None
    time_zone: str | None = None
