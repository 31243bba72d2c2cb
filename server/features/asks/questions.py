"""Questions: a queue for the host, answers for the room, and answers that stay with the product.

Two questions are equal if they share product and topic or, where no topic fits, product and words.
An answer is offered to later askers of the same question, here and in later rooms of the host. An
answer from an earlier room enters this room when it is first offered here.
"""

import functools
import hashlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from cachetools import LRUCache, TTLCache
from msgspec import Struct
from redis.exceptions import RedisError

from server.background.clock import unix_ms
from server.features.asks.intent_rules import OTHER
from server.features.asks.intents import Intent
from server.features.asks.messages import (
    AskOk,
    EarlierAnswer,
    Question,
    QuestionAnswer,
    QuestionDrop,
    QuestionOk,
    QuestionTake,
)
from server.features.asks.settings import AskSettings
from server.features.asks.sheet_answers import sheet_answer
from server.features.asks.showing import Showing
from server.features.asks.snapshot import ANSWERS_MAX
from server.features.circles.group_ids import is_group
from server.protocol.codes import CommandError
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from server.text.folding import folded

_log = logging.getLogger(__name__)

BATCH_MAX = 200
OFFERED_MAX = 100_000
KEYS_MAX = 10_000  # keys of answers that rooms show: every new question is compared with them
NONE_KEPT_S = 2.0  # how long a worker remembers that a host has no answer to a question
NONE_KEPT_MAX = 10_000


class _Outcome(Struct):
    """The outcome of one question of a batch."""

    question: Question | None = None
    err: str = ""
    msg: str = ""
    retry_ms: int | None = None
    counted: bool = False


class Due(Struct):
    """A new or dropped answer that is not yet copied to the host's answers."""

    key: str
    question: Question
    answered: int
    left_key: str = ""
    """Its key among the questions that earlier streams left open, if it comes from one."""


class _Changed(Struct):
    question: Question
    due: list[Due]


class _Kept(Question, frozen=True):
    """An answer as the host's answers keep it. `given_in` is "" if its room is not known."""

    answered: int = 0
    given_in: str = ""

    def may_be_offered(self, room_id: str) -> bool:
        """Whether this room may get it: an answer given in a fan group stays in that group."""
        return is_group(room_id) or (self.given_in != "" and not is_group(self.given_in))


_OUTCOMES = msgspec.msgpack.Decoder(list[_Outcome])
_CHANGED = msgspec.msgpack.Decoder(_Changed)
_KEPT = msgspec.msgpack.Decoder(_Kept)
_ANY = msgspec.msgpack.Decoder(Any)


@functools.lru_cache(KEYS_MAX)
def key_of(sku: str, topic: str, text: str) -> str:
    """The key of a question; equal questions have equal keys."""
    if topic != OTHER:
        return f"{sku}/{topic}"
    words = "".join(char for char in folded(text) if char.isalnum())
    return f"{sku}/{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def _unseen(asked: dict[str, Any]) -> Question:
    """A reply that looks like a queued question, for an ask that the room must not notice."""
    return Question(
        question=asked["id"],
        sku=asked["sku"],
        topic=asked["topic"],
        text=asked["text"],
        user=asked["user"],
        name=asked["name"],
        asked=1,
        status="open",
        at=unix_ms(),
    )


class Questions:
    """Takes viewers' questions, and the commands of host and moderators about them.

    `host_of` names a room's host; the room's answers are also kept with that host. `clock` is any
    monotonic clock, in seconds.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        metrics: Metrics,
        host_of: Callable[[str], Awaitable[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._host_of = host_of
        self._limits = settings.section(AskSettings)
        self._events_max = settings.rooms.event_stream_len_max
        self._offered: LRUCache[tuple[str, str, str], bool] = LRUCache(OFFERED_MAX)
        self._none_kept: TTLCache[tuple[str, str], bool] = TTLCache(  # by (host, key)
            NONE_KEPT_MAX, NONE_KEPT_S, clock
        )
        self.batches: GroupCommit[dict[str, Any], _Outcome] = GroupCommit(
            "asks.add_question",
            self._add,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=self._limits.batch_waiting_max,
            # A user waits for each reply: batch for no longer than comments do.
            interval_s=settings.bus.publish_interval_ms / 1000,
        )
        # No user waits for the staff's view of the queue, and each update goes to every worker.
        self._tellings: GroupCommit[None, None] = GroupCommit(
            "asks.tell_queue",
            self._tell,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=self._limits.batch_waiting_max,
            interval_s=self._limits.batch_interval_ms / 1000,
        )

    async def aclose(self) -> None:
        """Wait until every question is in its queue and told to the staff."""
        await self.batches.aclose()
        await self._tellings.aclose()

    def handlers(self) -> Handlers:
        """The commands about questions."""
        return {
            QuestionTake: Handler(self.take_question, Role.MODERATOR),
            QuestionAnswer: Handler(self.answer, Role.MODERATOR),
            QuestionDrop: Handler(self.drop, Role.MODERATOR),
        }

    async def ask(
        self,
        call: Call,
        showing: Showing,
        sku: str,
        intent: Intent,
        text: str,
        ok: AskOk,
        *,
        seen: bool = True,
        quiet: bool = False,
    ) -> AskOk:
        """Reply with known answers or, without any, with the queued question.

        A user who asks again after seeing the answers joins the queue. An ask that the room has
        not `seen` gets a reply as if it had. If `quiet`, other viewers do not learn who asked.
        Raises CommandError.
        """
        key = key_of(sku, intent.topic, text)
        told = None
        if self._may_offer(call, key):
            told = sheet_answer(showing, sku, intent.topic, key=key, text=text, now=unix_ms())
            answers = await self._answers(call.room_id, showing, key, seen=seen)
            if answers:
                self._offered[call.room_id, call.who.user, key] = True
                told_first = answers if told is None else [told, *answers]
                return msgspec.structs.replace(ok, answers=told_first)
        earlier = await self._earlier(call.room_id, showing, sku, intent.topic, text)
        asked: dict[str, Any] = {
            "id": f"q{secrets.token_hex(8)}",
            "key": key,
            "sku": sku,
            "topic": intent.topic,
            "text": text,
            "user": call.who.user,
            "name": call.who.name,
            "quiet": quiet,
        }
        if told is not None:
            self._offered[call.room_id, call.who.user, key] = True
            asked["source"] = told.source
            if seen:
                await self._count(call.room_id, asked)
            return msgspec.structs.replace(ok, answers=[told])
        if earlier is not None:
            asked["earlier"] = msgspec.to_builtins(earlier)
        if not seen:
            return msgspec.structs.replace(ok, question=_unseen(asked))
        outcome = await self.batches.submit(call.room_id, asked)
        if outcome.err:
            raise CommandError(outcome.err, outcome.msg, outcome.retry_ms)
        return msgspec.structs.replace(ok, question=outcome.question)

    async def _count(self, room_id: str, asked: dict[str, Any]) -> None:
        """Let the host see that it was asked. The asker has the answer: a refusal is no error."""
        try:
            await self.batches.submit(room_id, asked)
        except CommandError as error:
            _log.debug(
                "A question answered by its product in %s is not counted: %s", room_id, error
            )

    def _may_offer(self, call: Call, key: str) -> bool:
        return (call.room_id, call.who.user, key) not in self._offered

    async def _answers(
        self, room_id: str, showing: Showing, key: str, *, seen: bool
    ) -> list[Question]:
        here = [each for each in showing.answers if key_of(each.sku, each.topic, each.text) == key]
        if here:
            return here
        kept = await self._kept(showing.host, key)
        if kept is None or not kept.may_be_offered(room_id):
            return []
        question = Question(**{name: getattr(kept, name) for name in Question.__struct_fields__})
        if seen:
            await self._recall(room_id, key, question, kept.answered)
        return [question]

    async def _earlier(
        self, room_id: str, showing: Showing, sku: str, topic: str, text: str
    ) -> EarlierAnswer | None:
        """What the host answered about the version that a product replaces: for the staff alone,
        since what was true of it may not be true of the new one."""
        product = showing.product(sku)
        if product is None or product.replaces is None:
            return None
        kept = await self._kept(showing.host, key_of(product.replaces, topic, text))
        if kept is None or not kept.may_be_offered(room_id):
            return None
        return EarlierAnswer(sku=product.replaces, room=kept.given_in, answer=kept.answer)

    async def _kept(self, host: str, key: str) -> _Kept | None:
        """The host's answer for this key, if any; a miss is remembered for NONE_KEPT_S."""
        if (host, key) in self._none_kept:
            return None
        name = self._store.keys.host(host, "answers")
        try:
            raw = await self._store.redis.hget(name, key)
        except (RedisError, OSError):
            return None
        if raw is not None:
            return _KEPT.decode(raw)
        self._none_kept[host, key] = True
        return None

    async def _recall(self, room_id: str, key: str, question: Question, answered: int) -> None:
        args = {
            "question": msgspec.to_builtins(question),
            "key": key,
            "answered": answered,
            "answers_max": ANSWERS_MAX,
            "events_max": self._events_max,
        }
        await self._store.run_script("asks.recall", room_id, args, _ANY)

    async def _add(self, room_id: str, questions: list[dict[str, Any]]) -> list[_Outcome]:
        args = {
            "questions": questions,
            "open_max": self._limits.questions_open_max,
            "chatter_max": max(1, self._limits.questions_open_max // 2),
            "per_user_max": self._limits.questions_per_user_max,
            "answers_max": ANSWERS_MAX,
            "events_max": self._events_max,
        }
        outcomes = await self._store.run_script("asks.add_question", room_id, args, _OUTCOMES)
        if any(outcome.counted for outcome in outcomes):
            self._tellings.hand_in(room_id, None, lambda: None)  # lost: the next sends all
        return outcomes

    async def _tell(self, room_id: str, changes: list[None]) -> list[None]:
        """Send the queue to host and moderators, once for all changes since the last time."""
        args = {"answers_max": ANSWERS_MAX, "events_max": self._events_max}
        await self._store.run_script("asks.tell_queue", room_id, args, _ANY)
        return changes

    async def take_question(self, call: Call, cmd: QuestionTake) -> Ok:
        """Show the room this question as the only one being answered."""
        return await self._change("asks.take", call, cmd, cmd.question)

    async def answer(self, call: Call, cmd: QuestionAnswer) -> Ok:
        """Answer a question, or replace its answer."""
        text = shown_text("text", cmd.text, self._limits.answer_chars_max)
        return await self._change("asks.answer", call, cmd, cmd.question, text=text)

    async def drop(self, call: Call, cmd: QuestionDrop) -> Ok:
        """Take a question out of the queue, or an answer off its product."""
        return await self._change("asks.drop", call, cmd, cmd.question)

    async def _change(
        self, script: str, call: Call, cmd: Command, question: str, **more: str
    ) -> Ok:
        args = {
            "question": question,
            "answers_max": ANSWERS_MAX,
            "by": call.who.user,
            "events_max": self._events_max,
        }
        changed = await self._store.run_script(script, call.room_id, args | more, _CHANGED)
        await self.settle(call.room_id, changed.due)
        return QuestionOk(ref=cmd.ref, question=changed.question)

    async def settle(self, room_id: str, due: list[Due]) -> None:
        """Copy a room's new and dropped answers to the host's answers.

        Room and host may lie on different nodes, so this is a separate step. If it fails or the
        worker crashes, the changes stay due; the next change of a question, or the opening of a
        desk, copies them.
        """
        if not due:
            return
        try:
            host = await self._host_of(room_id)
            for each in due:
                await self._settle_one(host, room_id, each)
            settled = [{"question": d.question.question, "answered": d.answered} for d in due]
            await self._store.run_script("asks.settled", room_id, {"settled": settled}, _ANY)
        except CommandError as error:
            _log.warning("Answers of room %s are not with its host yet: %s", room_id, error)

    async def _settle_one(self, host: str, room_id: str, due: Due) -> None:
        """Copy one change. A fan group's answers are not copied; its drops of host answers are."""
        args: dict[str, Any] = {"key": due.key, "answered": due.answered}
        if due.left_key:
            args["left_key"] = due.left_key
        if due.question.status == "dropped" and not due.question.answer:
            left = {"key": due.key, "left_key": due.left_key}
            await self._store.run_script("asks.left_drop", host, left, _ANY)
            return
        if due.question.status == "dropped":
            if is_group(room_id):
                args["question"] = due.question.question
            await self._store.run_script("asks.answer_drop", host, args, _ANY)
            return
        if is_group(room_id):
            return
        answered = msgspec.structs.replace(due.question, status="answered")
        args |= {
            "question": msgspec.to_builtins(answered),
            "given_in": room_id,
            "kept_max": self._limits.answers_kept_max,
        }
        await self._store.run_script("asks.answer_keep", host, args, _ANY)
        self._none_kept.pop((host, due.key), None)
