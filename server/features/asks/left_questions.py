"""Open questions outlast their stream: the host's next one with the product has them in its queue.

When a stream ends, its open questions are copied to its host, without their askers. The desk of the
host's next room, and each product put on its shelf, brings in those about products of the shelf and
about the versions that these replace. They stay with the host until they are answered or dropped.
All of it lies in Redis, so that no room waits for the records.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct, msgpack, structs, to_builtins
from redis.exceptions import RedisError

from server.features.asks.messages import Carried, Question
from server.features.asks.settings import AskSettings
from server.features.asks.showing import Showing, Showings
from server.features.asks.snapshot import ANSWERS_MAX
from server.features.circles.group_ids import is_group
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)


class _Open(Struct):
    """A question that an ended stream has open."""

    key: str
    question: Question
    left_key: str = ""


class _Leaving(Struct):
    questions: list[_Open]
    title: str


_ANY = msgpack.Decoder(Any)
_LEAVING = msgpack.Decoder(_Leaving)
_LEFT = msgpack.Decoder(Question)


class LeftQuestions:
    """Leaves a stream's open questions to its host, and carries them into the next one.

    `showings` knows the shelves, `host_of` names a room's host.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        showings: Showings,
        host_of: Callable[[str], Awaitable[str]],
    ) -> None:
        self._store = store
        self._limits = settings.section(AskSettings)
        self._events_max = settings.rooms.event_stream_len_max
        self._showings = showings
        self._host_of = host_of

    async def leave(self, room_id: str) -> int:
        """Copy the open questions of an ended stream to its host; return how many.

        Room and host may lie on different nodes. The step is repeated until the room notes that its
        host has them, and does no harm twice. Raises CommandError.
        """
        leaving = await self._store.run_script("asks.left", room_id, {}, _LEAVING)
        if leaving.questions:
            questions = [
                {
                    "key": each.key,
                    "left_key": each.left_key,
                    "question": to_builtins(each.question),
                    "carried": to_builtins(
                        Carried(room=room_id, title=leaving.title, sku=each.question.sku)
                    ),
                }
                for each in leaving.questions
            ]
            args = {"questions": questions, "kept_max": self._limits.questions_left_max}
            await self._store.run_script("asks.left_keep", await self._host_of(room_id), args, _ANY)
        await self._store.run_script("asks.left", room_id, {"settled": True}, _LEAVING)
        return len(leaving.questions)

    async def carry(self, room_id: str) -> None:
        """Bring into a room's queue what is left open about its products.

        A failure is logged, and made good by the next desk that is opened: the room goes on.
        """
        if is_group(room_id):
            return
        try:
            showing = await self._showings.showing_in(room_id)
            name = self._store.keys.host(showing.host, "left")
            left = await self._store.redis.hgetall(name)
            if wanted := await self._unanswered(showing.host, _wanted(showing, room_id, left)):
                args = {
                    "questions": wanted,
                    "open_max": self._limits.questions_open_max,
                    "answers_max": ANSWERS_MAX,
                    "events_max": self._events_max,
                }
                await self._store.run_script("asks.carry", room_id, args, _ANY)
        except (CommandError, RedisError, OSError) as error:
            _log.warning("Open questions of earlier streams are not in %s yet: %s", room_id, error)

    async def _unanswered(self, host: str, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that the host has not answered meanwhile, of the newer version."""
        if not wanted:
            return []
        name = self._store.keys.host(host, "answers")
        answers = await self._store.redis.hmget(name, [each["key"] for each in wanted])
        return [each for each, known in zip(wanted, answers, strict=True) if known is None]


def _wanted(showing: Showing, room_id: str, left: Mapping[bytes, bytes]) -> list[dict[str, Any]]:
    """The questions about products of a shelf, or about the versions that these replace; the most
    asked first. A question about an earlier version becomes one about the new one."""
    now_sold = {p.replaces: p.sku for p in showing.products if p.replaces is not None}
    now_sold |= {p.sku: p.sku for p in showing.products}
    found: list[tuple[Question, dict[str, Any]]] = []
    for raw_key, raw in left.items():
        question, left_key = _LEFT.decode(raw), raw_key.decode()
        sku = now_sold.get(question.sku)
        if sku is None or question.carried is None or question.carried.room == room_id:
            continue
        key = sku + left_key[len(question.sku) :]
        moved = to_builtins(structs.replace(question, sku=sku))
        found.append((question, {"key": key, "left_key": left_key, "question": moved}))
    found.sort(key=lambda each: (-each[0].asked, each[0].at, each[0].question))
    return [wanted for _, wanted in found]
