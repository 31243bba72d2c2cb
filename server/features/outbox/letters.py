"""Dead letters: ledger entries that could not be told; of one room, or of all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from msgspec import Struct, msgpack

from server.background.troubles import Troubles
from server.features.outbox.backlog import Backlog, backlogs_of
from server.rooms.awake_rooms import AwakeRooms
from server.rooms.every_room import EveryRoom
from server.store.room_store import RoomStore

T = TypeVar("T")


class DeadLetter(Struct, frozen=True):
    """An entry of a ledger that could not be told.

    `place` is where it stands there: the number of its last line, a dash, and 0. `at` is when it
    was given up, in Unix ms.
    """

    place: str
    why: str
    at: int


class RoomLetter(DeadLetter, frozen=True):
    """A dead letter with its room."""

    room: str


class _Replayed(Struct):
    replayed: int


class _Dropped(Struct):
    dropped: int


_DEAD = msgpack.Decoder(DeadLetter)
_DROPPED = msgpack.Decoder(_Dropped)
_REPLAYED = msgpack.Decoder(_Replayed)
_ANY = msgpack.Decoder(Any)


async def dead_letters(store: RoomStore, room_id: str) -> list[DeadLetter]:
    """Return what could not be told of a room, in the order of its ledger. Raises RedisError."""
    raw = await store.redis.hgetall(store.keys.room(room_id, "dead_letters"))
    letters = [_DEAD.decode(value) for value in raw.values()]
    return sorted(letters, key=lambda letter: int(letter.place.split("-")[0]))


async def replay(store: RoomStore, room_id: str, places: Sequence[str] | None = None) -> int:
    """Have dead letters of a room told again, all or those at `places`; return how many.

    Each is posted once more, and stays a dead letter until that succeeds. Raises CommandError.
    """
    args: dict[str, Any] = {} if places is None else {"places": list(places)}
    return (await store.run_script("outbox.replay", room_id, args, _REPLAYED)).replayed


async def stuck_at(store: RoomStore, room_id: str) -> str:
    """Return the place of the entry that a room is stuck at, "" if no post of it failed. Raises
    RedisError."""
    raw: bytes | None = await store.redis.hget(store.keys.room(room_id, "outbox"), "stuck")
    return (raw or b"").decode()


async def skip(store: RoomStore, room_id: str, place: str) -> None:
    """Give up the entry at `place`, at which a room is stuck.

    It becomes a dead letter, and those behind it are told at once. Raises CommandError, `conflict`
    if the room is not stuck there (any more).
    """
    await store.run_script("outbox.skip", room_id, {"place": place}, _ANY)


class AllRooms:
    """The outboxes of all rooms, for operators. `unread` are rooms that could not be read."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._troubles = Troubles("outbox list")
        self._rooms = EveryRoom(store, self._troubles)
        self.unread: list[str] = []

    async def backlogs(self) -> AsyncIterator[Backlog]:
        """Yield each room that can be read. Raises RedisError or OSError without an answer."""
        async for page in self._rooms.pages():
            backlogs = await backlogs_of(self._store, page, self._troubles)
            read = {backlog.room_id for backlog in backlogs}
            self.unread += [room_id for room_id in page if room_id not in read]
            for backlog in backlogs:
                yield backlog

    async def dead_letters(self) -> AsyncIterator[RoomLetter]:
        """Yield the dead letters of all rooms, room after room. Raises RedisError or OSError."""
        async for room_id, letters in self._each_with_letters(dead_letters):
            for letter in letters:
                yield RoomLetter(letter.place, letter.why, letter.at, room_id)

    async def replay(self) -> dict[str, int]:
        """Have all dead letters told again; return how many of each room that has some.

        Raises RedisError or OSError without an answer.
        """
        return {room_id: number async for room_id, number in self._each_with_letters(replay)}

    async def _each_with_letters(
        self, act: Callable[[RoomStore, str], Awaitable[T]]
    ) -> AsyncIterator[tuple[str, T]]:
        """Do something with each room that has dead letters; where it fails the others go on."""
        async for page in self._rooms.pages():
            pipeline = self._store.redis.pipeline(transaction=False)
            for room_id in page:
                pipeline.hlen(self._store.keys.room(room_id, "dead_letters"))
            counts = await pipeline.execute(raise_on_error=False)
            for room_id, count in zip(page, counts, strict=True):
                if count == 0:
                    continue
                try:
                    if isinstance(count, Exception):
                        raise count
                    done = await act(self._store, room_id)
                except Exception as error:
                    self._troubles.failed(error, room_id)
                    self.unread.append(room_id)
                else:
                    yield room_id, done


class OldLetters:
    """Dead letters that nobody had told again for a long time.

    They keep their rooms awake, so only these are looked at. Methods raise CommandError, RedisError
    or OSError.
    """

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._rooms = AwakeRooms(store, Troubles("old dead letters"))

    async def count(self, before: int) -> int:
        """Return how many were given up before a time (ms)."""
        return sum([len(old) async for _, old in self._rooms_with_old(before)])

    async def remove(self, before: int, most: int) -> int:
        """Drop some of them; return how many."""
        dropped = 0
        async for room_id, _ in self._rooms_with_old(before):
            args = {"before": before, "most": most - dropped}
            done = await self._store.run_script("outbox.drop_letters", room_id, args, _DROPPED)
            dropped += done.dropped
            if dropped >= most:
                break
        return dropped

    async def _rooms_with_old(self, before: int) -> AsyncIterator[tuple[str, list[DeadLetter]]]:
        async for page in self._rooms.pages():
            for room_id in page:
                letters = await dead_letters(self._store, room_id)
                if old := [letter for letter in letters if letter.at < before]:
                    yield room_id, old
