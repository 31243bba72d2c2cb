"""The log of who did what in a room: all timeline facts that name a host or moderator.

Every script that a host or moderator runs records the change and their user id (`by`) in the same
step as the change itself (`_timeline.lua`), so the log misses no act. The log is a separate
stream: viewers write nothing to it, so they cannot push entries out.
"""

from collections.abc import AsyncIterator

from msgspec import Struct, json, msgpack

from server.rooms.timeline import Fact
from server.store.reading import asked
from server.store.room_store import RoomStore
from server.web.csv_rows import rows, text, utc

PAGE_MAX = 200
CSV_COLUMNS = ("time", "by", "what", "details")
_FACT = msgpack.Decoder(Fact)


class ActionsPage(Struct, frozen=True):
    """A page of acts, newest first. Each is a fact of docs/timeline.md: `k` is the kind, `by` the
    user, `at` the time (Unix ms). Pass `next` as `cursor` to get older acts; null at the end."""

    actions: list[Fact]
    next: str | None = None


class Actions:
    """Reads the log."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    async def page(self, room_id: str, before: str = "", count: int = PAGE_MAX) -> ActionsPage:
        """At most `count` acts older than the id `before` ("": from the newest)."""
        if before and not any(map(int, before.split("-"))):
            return ActionsPage([])  # nothing is older than 0-0, and Redis refuses such a range
        key = self._store.keys.room(room_id, "actions")
        end = f"({before}" if before else "+"
        found = await asked(self._store.redis.xrevrange(key, max=end, min="-", count=count))
        facts = [_FACT.decode(raw[b"e"]) for _, raw in found]
        return ActionsPage(facts, found[-1][0].decode() if len(found) == count else None)

    async def csv(self, room_id: str) -> AsyncIterator[str]:
        """The whole log as CSV, the newest first; times in UTC."""
        yield rows([CSV_COLUMNS])
        before: str | None = ""
        while before is not None:
            page = await self.page(room_id, before)
            before = page.next
            yield rows(map(_row, page.actions))


def _row(fact: Fact) -> tuple[object, ...]:
    details = {name: value for name, value in fact.items() if name not in ("at", "by", "k")}
    return utc(fact["at"]), text(fact["by"]), fact["k"], json.encode(details).decode()
