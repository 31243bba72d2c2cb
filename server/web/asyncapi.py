"""Builds the AsyncAPI 3 document of the protocol on the WebSocket, from the messages themselves."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from server import __version__
from server.protocol.codec import SUBPROTOCOLS
from server.protocol.message import Command, Delivery, Err, Event, Ok
from server.web.route import WEBSOCKET

_REF = "#/components/schemas/{name}"
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
    channel = {"$ref": "#/channels/room"}
    answers: tuple[type[msgspec.Struct], ...] = (*words.replies, Err)
    replies = [_in_channel(kind) for kind in answers]
    received = {
        _name(kind): {
            "action": "receive",
            "channel": channel,
            "summary": messages[_name(kind)]["summary"],
            "messages": [_in_channel(kind)],
            "reply": {"channel": channel, "messages": replies},
        }
        for kind in words.commands
    }
    sent = {
        _name(kind): {
            "action": "send",
            "channel": channel,
            "summary": messages[_name(kind)]["summary"],
            "messages": [_in_channel(kind)],
        }
        for kind in words.events
    }
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
        "operations": received | sent,
        "components": {"messages": messages, "schemas": schemas},
    }


def _name(kind: type[msgspec.Struct]) -> str:
    """The name of a message in the document: command and event of one tag are two."""
    return kind.__name__


def _in_channel(kind: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/channels/room/messages/{_name(kind)}"}


def _message(kind: type[msgspec.Struct], ref: dict[str, Any]) -> dict[str, Any]:
    told = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    message = {
        "name": str(kind.__struct_config__.tag),
        "summary": told,
        "payload": ref,
    }
    if issubclass(kind, Event):
        message["description"] = _DELIVERED[kind.delivery]
        message["x-delivery"] = kind.delivery.value
    return message
