"""Asks: viewers who want a product's link or price get its card at once; the host sees how many.

The reply to a comment that asks carries the answer, for its author alone. `intents` reads what the
comment means; `questions` takes the questions. Counting comes after the answer.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import msgspec
from cachetools import LRUCache

from server.features.asks.intent_rules import OTHER, IntentRules
from server.features.asks.intents import Intent, Intents
from server.features.asks.messages import Ask, AskOk, Card
from server.features.asks.permits import Permits
from server.features.asks.questions import Questions
from server.features.asks.settings import AskSettings
from server.features.asks.showing import Showing, Showings
from server.features.asks.titles import TellingWords, Titled, Titles
from server.features.comments.messages import CommentOk
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

BATCH_MAX = 1000
TITLES_KEPT_MAX = 1000

By = Literal["number", "words", "pin", "sku"]
_ANY = msgspec.msgpack.Decoder(Any)


@lru_cache(maxsize=1)  # a process has one set of rules, also if it has many workers
def _readers(rules: IntentRules) -> tuple[Intents, TellingWords]:
    return Intents(rules), TellingWords(rules)


class Asks:
    """Takes asks.

    `showings` knows the shelves, `questions` takes every ask that is not for a link, `permits`
    decides whether a viewer may use the ask button, `intent_rules` define what comments mean.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        metrics: Metrics,
        showings: Showings,
        questions: Questions,
        permits: Permits,
        intent_rules: IntentRules,
    ) -> None:
        self._store = store
        self._limits = settings.section(AskSettings)
        self._events_max = settings.rooms.event_stream_len_max
        self._showings = showings
        self._questions = questions
        self._permits = permits
        self._intents, self._telling = _readers(intent_rules)
        self._titles: LRUCache[str, Titles] = LRUCache(TITLES_KEPT_MAX)
        self._lost = metrics.asks_lost
        self.batches: GroupCommit[dict[str, Any], None] = GroupCommit(
            "asks.add",
            self._add,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=self._limits.batch_waiting_max,
            interval_s=self._limits.batch_interval_ms / 1000,
        )

    def handlers(self) -> Handlers:
        """The command to ask."""
        return {Ask: Handler(self.ask, Role.VIEWER)}

    async def aclose(self) -> None:
        """Wait until every answered ask is counted and told to the staff."""
        await self.batches.aclose()
        await self._questions.aclose()

    async def ask(self, call: Call, cmd: Ask) -> Ok:
        """Ask for a product's link, or ask the question in `cmd.text`."""
        showing = await self._showings.showing_in(call.room_id)
        if showing.product(cmd.sku) is None:
            raise CommandError(
                "not_found", f"There is no product `{cmd.sku}` on the shelf; ask about another."
            )
        ok, text = AskOk(ref=cmd.ref), ""
        if cmd.text:
            text = shown_text("text", cmd.text, self._limits.question_chars_max)
        intent = self._intents.read(text, asks=True) if text else None
        if intent is None or intent.link:
            permit = await self._permits.ask(call)
            return self._answer_ask(call, showing, cmd.sku, "sku", ok, counts=permit.counts)
        # A word that holds comments for review does not hold a question: only staff sees the queue.
        permit = await self._permits.ask(call, text)
        return await self._questions.ask(
            call, showing, cmd.sku, intent, text, ok, seen=permit.seen, quiet=True
        )

    def read(self, text: str) -> Intent:
        """What a comment asks for."""
        return self._intents.read(text)

    def product_meant(self, products: Sequence[Titled], intent: Intent) -> str:
        """The sku that a text means among products in their order; "" if it names none."""
        if 0 < intent.place <= len(products):
            return products[intent.place - 1].sku
        return Titles(products, self._telling).find(intent.text)

    async def heed(
        self, call: Call, reading: Intent, text: str, ok: CommentOk, *, seen: bool = True
    ) -> Ok:
        """The reply to an accepted comment, with the answer if the comment asks for something.

        The comment stands, so a failure here is no error. A comment that the room does not see
        gets the card, but is not counted.
        """
        intent = reading
        if not intent.asks or call.who.role is not Role.VIEWER:
            return ok
        answer = AskOk(ref=ok.ref, id=ok.id, held=ok.held)
        try:
            showing = await self._showings.showing_in(call.room_id)
            sku, by = self._product(call.room_id, showing, intent)
            if intent.link:
                answer = self._answer_ask(call, showing, sku, by, answer, counts=seen)
            # A question of no topic is about something that is shown, or it is chatter.
            if intent.topic and (intent.topic != OTHER or showing.pin):
                answer = await self._questions.ask(
                    call, showing, sku, intent, text, answer, seen=seen
                )
        except CommandError:
            pass
        return answer

    def _product(self, room_id: str, showing: Showing, intent: Intent) -> tuple[str, By]:
        """The sku of the product meant, and how it was found; ("", "pin") if there is none."""
        if 0 < intent.place <= len(showing.products):
            return showing.products[intent.place - 1].sku, "number"
        named = self._titles_of(room_id, showing).find(intent.text)
        return (named, "words") if named else (showing.pin, "pin")

    def _titles_of(self, room_id: str, showing: Showing) -> Titles:
        titles = self._titles.get(room_id)
        if titles is None or titles.products != showing.products:
            titles = self._titles[room_id] = Titles(showing.products, self._telling)
        return titles

    def _answer_ask(
        self, call: Call, showing: Showing, sku: str, by: By, ok: AskOk, *, counts: bool = True
    ) -> AskOk:
        product = showing.product(sku)
        if counts:
            found = {"sku": sku, "by": by} if product else {"sku": "", "by": ""}
            ask = {"user": call.who.user} | found
            self.batches.hand_in(call.room_id, ask, self._lost.inc)
        if product is None:
            return ok
        card = Card(product=product, by=by, sale=showing.sale_of(sku))
        return msgspec.structs.replace(ok, card=card)

    async def _add(self, room_id: str, asks: list[dict[str, Any]]) -> list[None]:
        args = {
            "asks": asks,
            "again_ms": self._limits.count_again_s * 1000,
            "asked_max": self._limits.asked_max,
            "events_max": self._events_max,
        }
        await self._store.run_script("asks.add", room_id, args, _ANY)
        return [None] * len(asks)
