"""What goes over the wire, byte for byte, in both encodings.

The bytes come from json and msgpack, not from the code under test (see make_golden).
"""

import functools
import operator
from collections.abc import Iterable
from typing import Any

import msgpack
import msgspec
import pytest
from msgspec import Raw, Struct

from server.features.asks.messages import QuestionEvent
from server.features.comments.messages import RemovedEvent
from server.features.coupons.messages import CouponEvent
from server.features.luckies.messages import LuckyEvent
from server.features.notices.messages import NoticeEvent
from server.features.orders.messages import Order
from server.features.phases.messages import PhaseEvent
from server.features.polls.messages import PollEvent
from server.features.shelf.messages import PinEvent, ShelfEvent
from server.features.stock.messages import SaleEvent
from server.house import HOUSE
from server.protocol.codec import CODECS, Encoding
from server.protocol.joining import Joined, You
from server.protocol.message import Err, Event, Ok
from server.rooms.shape import RoomSettings
from tests.protocol.make_golden import encoded, read

COMMANDS, REPLIES, EVENTS, ROOMS = map(read, ("commands", "replies", "events", "rooms"))
ROOM_VIEW, JOINED, MINE = HOUSE.shape.view, HOUSE.shape.joined, HOUSE.shape.mine
EVERY_EVENT = HOUSE.told
AnyEvent: Any = functools.reduce(operator.or_, EVERY_EVENT)


def named(cases: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case["name"])


def wire(case: dict[str, Any], encoding: Encoding) -> bytes:
    """The golden bytes of a case."""
    if encoding is Encoding.JSON:
        return str(case["json"]).encode()
    return bytes.fromhex(case["msgpack"])


def written(message: Struct, encoding: Encoding) -> bytes:
    """The bytes of the code under test.

    In msgpack as the msgpack package would write them: msgspec gives a map the head for all fields
    it might have, so that the head alone may be longer.
    """
    data = CODECS[encoding].encode(message)
    return data if encoding is Encoding.JSON else msgpack.packb(msgpack.unpackb(data))


def tag(kind: type[Struct]) -> str:
    return str(kind.__struct_config__.tag)


def joined(message: dict[str, Any], encoding: Encoding) -> Joined:
    """The reply to a join, whose room and missed events are bytes encoded before."""
    pack = msgspec.json.encode if encoding is Encoding.JSON else msgspec.msgpack.encode
    fields = {k: v for k, v in message.items() if k not in {"t", "room", "missed"}}
    reply = msgspec.convert(fields | {"t": "ok", "room": None}, _Parts)
    missed = [Raw(pack(event)) for event in message["missed"]] if "missed" in message else None
    whole: Any = JOINED  # has the features' fields too
    made: Joined = whole(
        ref=reply.ref,
        you=reply.you,
        epoch=reply.epoch,
        seq=reply.seq,
        now=reply.now,
        room=Raw(pack(message["room"])),
        orders=reply.orders,
        missed=missed,
        gap=reply.gap,
        mine=reply.mine,
    )
    return made


def reply_of(message: dict[str, Any]) -> type[Ok | Err]:
    """The class with the fields of a message and as few others as can be."""
    if message["t"] == "err":
        return Err
    fitting = [
        kind
        for kind in HOUSE.replies
        if set(message) - {"t"} <= {field.encode_name for field in msgspec.structs.fields(kind)}
    ]
    return min(fitting, key=lambda kind: len(msgspec.structs.fields(kind)))


class _Parts(Struct, kw_only=True):
    ref: int
    you: You
    epoch: str
    seq: int
    now: int
    orders: list[Order]
    gap: bool = False
    mine: MINE | None = None  # type: ignore[valid-type]


@named(COMMANDS + REPLIES + EVENTS + ROOMS)
def test_the_golden_bytes_are_those_of_independent_encoders(case: dict[str, Any]) -> None:
    assert encoded(case["message"]) == {"json": case["json"], "msgpack": case["msgpack"]}


@pytest.mark.parametrize("encoding", Encoding)
@named(COMMANDS)
def test_a_command_is_read_from_its_bytes_with_every_field(
    case: dict[str, Any], encoding: Encoding
) -> None:
    command = HOUSE.readers[encoding].decode(wire(case, encoding))
    fields = msgspec.to_builtins(command)
    assert covers(fields, case["message"])
    without = {"op", *case["message"]}
    assert all(
        value in (None, 0, 1, "", "all", "flash", [], (), {})
        for name, value in fields.items()
        if name not in without
    ), "a field that was not sent has its default"


def covers(got: Any, sent: Any) -> bool:
    """Whether all that was sent was read; `got` may have defaults beside it."""
    if isinstance(sent, dict):
        return all(name in got and covers(got[name], value) for name, value in sent.items())
    if isinstance(sent, list):
        return len(got) == len(sent) and all(map(covers, got, sent))
    return bool(got == sent)


@pytest.mark.parametrize("encoding", Encoding)
@named(REPLIES)
def test_a_reply_is_written_as_its_bytes(case: dict[str, Any], encoding: Encoding) -> None:
    message = case["message"]
    if "you" in message:
        reply: Struct = joined(message, encoding)
    else:
        reply = msgspec.convert(message, reply_of(message))
    assert written(reply, encoding) == wire(case, encoding)


@pytest.mark.parametrize("encoding", Encoding)
@named(EVENTS)
def test_an_event_is_written_as_its_bytes(case: dict[str, Any], encoding: Encoding) -> None:
    event = msgspec.convert(case["message"], AnyEvent)
    assert written(event, encoding) == wire(case, encoding)


@named(ROOMS)
def test_a_room_is_written_as_its_bytes(case: dict[str, Any]) -> None:
    room = msgspec.convert(case["message"], ROOM_VIEW)
    for encoding in Encoding:
        assert written(room, encoding) == wire(case, encoding)


@pytest.mark.parametrize(
    ("kinds", "cases", "key"),
    [(HOUSE.commands, COMMANDS, "op"), (EVERY_EVENT, EVENTS, "t")],
    ids=["commands", "events"],
)
def test_every_command_and_event_has_golden_bytes_for_each_of_its_fields(
    kinds: tuple[type[Struct], ...], cases: list[dict[str, Any]], key: str
) -> None:
    for kind in kinds:
        shown = [case["message"] for case in cases if case["message"][key] == tag(kind)]
        assert shown, f"add `{tag(kind)}` to its feature's golden.json, then run make_golden"
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        if kind not in _WITH_SEQ:
            fields -= {"seq"}
        assert fields <= {name for message in shown for name in message}, tag(kind)


_WITH_SEQ = {
    PhaseEvent,
    ShelfEvent,
    PinEvent,
    SaleEvent,
    RemovedEvent,
    NoticeEvent,
    HOUSE.shape.room_settings,
    QuestionEvent,
    CouponEvent,
    PollEvent,
    LuckyEvent,
}


@pytest.mark.parametrize("kind", [*HOUSE.replies, Err, JOINED, ROOM_VIEW])
def test_every_field_of_a_reply_and_of_a_room_is_in_the_golden_bytes(kind: type[Struct]) -> None:
    cases = ROOMS if kind is ROOM_VIEW else REPLIES
    shown = {name for case in cases for name in case["message"]}
    assert {field.encode_name for field in msgspec.structs.fields(kind)} <= shown


def test_every_event_has_a_delivery_class() -> None:
    def below(kind: type[Event]) -> set[type[Event]]:
        return {kind, *(leaf for child in kind.__subclasses__() for leaf in below(child))}

    def named(kinds: Iterable[type[Event]]) -> set[str]:
        """Of the server, by name: tests make events and houses of their own."""
        return {k.__qualname__ for k in kinds if k.__module__.startswith("server.")}

    assert named(below(Event) - {Event, RoomSettings}) == named(HOUSE.told)
