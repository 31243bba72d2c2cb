"""Featured slots over HTTP: operators put them there, everybody sees what runs."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from server.features.featured.current import CurrentSlots
from server.features.featured.slots import OwnSlot, Slot, Slots, SlotsPage, Wish
from server.features.topics.cards import Card, Cards, Thing
from server.features.topics.routes import ThingBody, Time
from server.features.topics.topic_book import source_of
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.path import part_of_path
from server.web.query import query_of
from server.web.route import Route

SlotId = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$(?!\n)")]


class SlotBody(Input, frozen=True, kw_only=True):
    """What to put in front of everybody: a room or a note, from `starts` (Unix ms; 0: from now) to
    `ends`, in the feed or, with a `topic`, on its page."""

    thing: ThingBody
    ends: Time
    starts: Time = 0
    topic: Annotated[str, Meta(max_length=40)] = ""


class RunningQuery(Input, frozen=True):
    """Names the place where slots run: on the page of this topic, or in the feed."""

    topic: Annotated[str, Meta(max_length=40, description="a topic; empty: the feed")] = ""


class SlotsQuery(Input, frozen=True):
    """Which slots: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(r"[0-9]{1,15}-[A-Za-z0-9_-]{1,40}")] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class FeaturedCard(Struct, frozen=True, kw_only=True):
    """A slot that runs, and what it shows."""

    slot: Slot
    card: Card


class FeaturedRoutes:
    """The routes under /v1/featured, and the operator's list."""

    def __init__(self, slots: Slots, current: CurrentSlots, cards: Cards) -> None:
        self._slots = slots
        self._current = current
        self._cards = cards

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, admin = "/v1/featured/{slot}", Role.ADMIN
        return [
            Route(
                "GET", "/v1/featured", "Read what is featured now.", self.running,
                result=list[FeaturedCard], query=RunningQuery,
                bound="`featured.slots_at_once_max`",
            ),
            Route(
                "PUT", path, "Feature a room or a note.", self.put, admin, SlotBody, OwnSlot
            ),
            Route("DELETE", path, "Take a featured slot back.", self.drop, admin),
            Route(
                "GET", "/v1/ops/featured", "Read all featured slots.", self.page, admin,
                result=SlotsPage, query=SlotsQuery,
            ),
        ]  # fmt: skip

    async def running(self, request: web.Request) -> web.Response:
        """`?topic=`: the slots that run now and whose room or note may be seen."""
        topic = query_of(request, RunningQuery).topic
        slots = await self._current.running(topic)
        source = source_of(topic) if topic else "feed:featured"
        cards = await self._cards.read([Thing(slot.kind, slot.id) for slot in slots], source)
        shown = [(slot, cards.get(Thing(slot.kind, slot.id))) for slot in slots]
        return json_response(
            [FeaturedCard(slot=slot, card=card) for slot, card in shown if card is not None]
        )

    async def put(self, request: web.Request) -> web.Response:
        """Put a slot there under an id that the caller makes; the same again changes nothing."""
        slot, body = _slot_of_path(request), await body_of(request, SlotBody)
        wish = Wish(
            thing=Thing(body.thing.kind, body.thing.id),
            topic=body.topic,
            starts=body.starts,
            ends=body.ends,
        )
        made = await self._slots.put(slot, wish, caller(request).user)
        self._current.forget()
        return json_response(made)

    async def drop(self, request: web.Request) -> web.Response:
        """Take a slot back; it stays in the list of the operators."""
        await self._slots.drop(_slot_of_path(request), caller(request).user)
        self._current.forget()
        return web.Response(status=204)

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=50`: slots of the past and of the future too, and who put them there."""
        asked = query_of(request, SlotsQuery)
        page = await self._slots.page(asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))


def _slot_of_path(request: web.Request) -> str:
    must = "A slot's id has 1 to 40 letters, digits, hyphens and underscores."
    return part_of_path(request, "slot", SlotId, must)
