"""Bans as a worker follows them, whatever it missed."""

from server.store.bans import Ban, Bans
from server.store.room_store import RoomStore

PAGE = 1000
"""Changes of the log that are read at once; who is further behind reads all bans."""


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


def ban_of(user: str, until: int | None = None) -> Ban:
    return Ban(user=user, reason="spam", by="root", at=1, until=until)


async def test_who_is_far_behind_knows_what_holds_now(store: RoomStore) -> None:
    here, there = Bans(store), Bans(store)
    await here.put(ban_of("first"))
    await there.follow()
    await here.lift("first", "")
    await here.put(ban_of("lifted"))
    for n in range(PAGE):
        await here.put(ban_of(f"u{n}"))
    await here.lift("lifted", "")
    await here.put(ban_of("first"))
    for _ in range(3):
        await there.follow()
        assert there.keeps_out("first", "r1") is not None
        assert there.keeps_out("lifted", "r1") is None
        assert there.keeps_out(f"u{PAGE - 1}", "r1") is not None


async def test_a_ban_that_ended_is_removed_everywhere(store: RoomStore) -> None:
    clock = Clock()
    here, there = Bans(store, clock), Bans(store, clock)
    for n in range(250):
        await here.put(ban_of(f"u{n}", until=clock.ms + 10 + n % 2))
    await here.put(ban_of("later", until=clock.ms + 200_000))
    await here.put(ban_of("always"))
    await there.follow()
    clock.ms += 70_000
    key = store.keys.shared("bans")
    rounds = 0
    while await store.redis.hlen(key) > 2:
        await there.follow()
        rounds += 1
        assert rounds < 10
    await here.follow()
    for bans in (here, there):
        assert {ban.user for ban in bans.page(None, ("", ""), 10)[0]} == {"later", "always"}
    clock.ms += 200_000
    await here.follow()
    assert await store.redis.hlen(key) == 1
