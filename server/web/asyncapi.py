"""Builds the AsyncAPI 3 document of the protocol on the WebSocket, from the messages themselves."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from server import __version__
from server.protocol.codec import SUBPROTOCOLS
from server.protocol.message import Command, Delivery, Err, Event, Ok
from server.web.route import WEBSOCKET

_REF = "#/components/schemas/{name}"
_CHANNEL = {"$ref": "#/channels/room"}
_DELIVERED = {
    Delivery.MUST: "Every one is delivered, in order, also after a lost connection.",
    Delivery.LATEST: "Only the newest value of each thing is delivered.",
    Delivery.SAMPLE: "A viewer gets at most a budget a second.",
}


class Vocabulary(NamedTuple):
    """All messages of a server: what clients send, and what they are sent."""

    commands: Sequence[type[Command]]
    replies: Sequence[type[Ok]]
    events: Sequence[type[Event]]


def document(words: Vocabulary) -> dict[str, Any]:
    """Build the whole document. The server is the application: it receives commands."""
    kinds: tuple[type[msgspec.Struct], ...] = (*words.commands, *words.replies, Err, *words.events)
    refs, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    messages = {_name(kind): _message(kind, ref) for kind, ref in zip(kinds, refs, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Liveroom",
            "version": __version__,
            "description": "One WebSocket a room. A frame of a client is one command, a frame of "
            "the server an array of messages; docs/protocol.md tells the rules.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "room": {
                "address": WEBSOCKET,
                "parameters": {"room": {"description": "The id of the room."}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET"}},
                "x-subprotocols": list(SUBPROTOCOLS),
            }
        },
        "operations": _received(words) | _sent(words),
        "components": {"messages": messages, "schemas": schemas},
    }


def _received(words: Vocabulary) -> dict[str, Any]:
    """The operation of each command, and its replies: each may have any."""
    answers: tuple[type[msgspec.Struct], ...] = (*words.replies, Err)
    reply = {"channel": _CHANNEL, "messages": [_in_channel(kind) for kind in answers]}
    return {_name(kind): _operation("receive", kind) | {"reply": reply} for kind in words.commands}


def _sent(words: Vocabulary) -> dict[str, Any]:
    """The operation of each event."""
    return {_name(kind): _operation("send", kind) for kind in words.events}


def _operation(action: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": _CHANNEL,
        "summary": _summary(kind),
        "messages": [_in_channel(kind)],
    }


def _summary(kind: type[msgspec.Struct]) -> str:
    """The first paragraph of its docstring, on one line."""
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


def _name(kind: type[msgspec.Struct]) -> str:
    """The name of a message in the document: command and event of one tag are two."""
    return kind.__name__


def _in_channel(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/channels/room/messages/{_name(kind)}"}


def _message(kind: type[msgspec.Struct], ref: dict[str, Any]) -> dict[str, Any]:
    message = {
        "name": str(kind.__struct_config__.tag),
        "summary": _summary(kind),
        "payload": ref,
    }
    if issubclass(kind, Event):
        message["description"] = _DELIVERED[kind.delivery]
        message["x-delivery"] = kind.delivery.value
    return message
