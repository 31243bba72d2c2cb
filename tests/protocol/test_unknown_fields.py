"""Commands refuse fields that nobody knows; what is read back, or by clients, does not."""

import functools
import importlib
import json
import operator
import pkgutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import msgpack
import msgspec
import pytest

import server
from server.house import HOUSE
from server.protocol.codec import CommandReader, Encoding, UnreadableCommand
from server.protocol.input import Input, strict_in, tolerant_in, unknown_field
from server.protocol.message import Command
from tests.protocol.make_golden import read
from tests.protocol.objects import UNKNOWN, each_with_an_unknown_field

GOLDEN = [case["message"] for case in read("commands")]
KINDS: dict[str, type[Command]] = {str(kind.__struct_config__.tag): kind for kind in HOUSE.commands}
both = pytest.mark.parametrize("encoding", list(Encoding), ids=lambda encoding: encoding.name)


def pack(encoding: Encoding, message: Any) -> bytes:
    if encoding is Encoding.JSON:
        return json.dumps(message).encode()
    packed: bytes = msgpack.packb(message)
    return packed


def refusal(reader: CommandReader, message: Any) -> UnreadableCommand:
    """How the command is refused."""
    with pytest.raises(UnreadableCommand) as caught:
        reader.decode(pack(reader.encoding, message))
    return caught.value


@both
@pytest.mark.parametrize("op", KINDS)
def test_every_object_of_every_command_refuses_a_field_nobody_knows(
    op: str, encoding: Encoding
) -> None:
    reader, kind = HOUSE.readers[encoding], KINDS[op]
    bent = [
        each
        for message in GOLDEN
        if message["op"] == op
        for each in each_with_an_unknown_field(message)
    ]
    for message in bent:
        error = refusal(reader, message)
        assert error.ref == message["ref"]
        assert f"no field `{UNKNOWN}`" in error.msg
        assert f"`{op}`" in error.msg
    places = {refusal(reader, message).msg.partition(" has no field")[0] for message in bent}
    assert len(places) >= len(strict_in(kind)), f"the golden bytes lack an object of `{op}`"


@both
@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            {"op": "sale.open", "starts_in_sec": 60},
            "`sale.open` has no field `starts_in_sec`: did you mean `starts_in_s`?",
        ),
        (
            {"op": "sale.open", "startsInS": 60},
            "`sale.open` has no field `startsInS`: did you mean `starts_in_s`?",
        ),
        (
            {"op": "order.return", "order": "o1", "units": []},
            "`order.return` has no field `units`; it takes `op` `ref` `order` `restock` `lines`.",
        ),
        (
            {"op": "buy", "key": "k", "lines": [{"sale": "s", "qty": 1}, {"sale": "s", "qyt": 1}]},
            "`lines[1]` of `buy` has no field `qyt`: did you mean `qty`?",
        ),
        (
            {"op": "shelf.put", "product": {"titel": "Tea"}},
            "`product` of `shelf.put` has no field `titel`: did you mean `title`?",
        ),
        (
            {"op": "join", "last": {"epoc": "e", "seq": 1}},
            "`last` of `join` has no field `epoc`: did you mean `epoch`?",
        ),
        ({"op": "ping", "reff": 1}, "`ping` has no field `reff`: did you mean `ref`?"),
        ({"op": "ping", "": 1}, "`ping` has no field ``; it takes `op` `ref`."),
        (
            {"op": "ping", "z" * 5000: 1},
            f"`ping` has no field `{'z' * 64}`; it takes `op` `ref`.",
        ),
    ],
)
def test_the_refusal_names_the_nearest_field(
    message: dict[str, Any], sentence: str, encoding: Encoding
) -> None:
    error = refusal(HOUSE.readers[encoding], {"ref": 7} | message)
    assert error.msg == sentence
    assert error.ref == 7


@both
@pytest.mark.parametrize("op", KINDS)
def test_a_refusal_can_always_be_read(op: str, encoding: Encoding) -> None:
    msg = refusal(HOUSE.readers[encoding], {"ref": 1, "op": op, "#" * 5000: 1}).msg
    assert len(msg) < 300
    assert msg.endswith(".")


def test_every_object_of_every_event_is_read_though_a_newer_server_says_more() -> None:
    every: Any = functools.reduce(operator.or_, HOUSE.told)
    for case in read("events"):
        for message in each_with_an_unknown_field(case["message"]):
            msgspec.convert(message, every)


def modules() -> Iterator[Any]:
    """All of the server's, but those of the relay where its extra is not installed."""
    relay = find_spec("aiortc") is not None
    for found in pkgutil.walk_packages(server.__path__, "server."):
        if not found.name.endswith("__main__") and (relay or ".relay." not in found.name):
            yield importlib.import_module(found.name)


def test_stored_values_may_have_fields_of_a_newer_version() -> None:
    """All decoders that modules and the house keep, but those of commands."""
    kept = [(m.__name__, value) for m in modules() for value in vars(m).values()]
    kept += [("house", value) for value in vars(HOUSE.shape).values()]
    kinds = (msgspec.msgpack.Decoder, msgspec.json.Decoder)
    decoders = [(name, value) for name, value in kept if isinstance(value, kinds)]

    assert len(decoders) > 10
    for name, decoder in decoders:
        assert not strict_in(decoder.type), (name, strict_in(decoder.type))


def test_every_type_of_input_is_known_to_be_one() -> None:
    """Clients send what derives from Input, so it refuses unknown fields at every depth."""
    ours = {
        value
        for module in modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Input)
    }
    assert len(ours) > len(HOUSE.commands)
    for kind in ours:
        assert not tolerant_in(kind), (kind, tolerant_in(kind))


def test_another_error_is_not_taken_for_an_unknown_field() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(b'{"op":"ping"}', type=KINDS["ping"])
    assert unknown_field(caught.value, KINDS["ping"], "`ping`") is None
