import pytest

from client_sim.client.errors import WireError
from client_sim.client.wire import Wire
from server.features.orders.messages import Buy
from server.features.shelf.messages import PinEvent
from server.features.stock.messages import StockEvent
from server.house import HOUSE
from server.protocol.codec import CODECS, Encoding
from server.protocol.joining import Join, Last
from server.protocol.message import ByeEvent, Err

STOCK = {"t": "stock", "sale": "s1", "left": 3, "held": 1, "sold": 6, "ver": 9}
STOCK_JSON = '[{"t":"stock","sale":"s1","left":3,"held":1,"sold":6,"ver":9}]'
STOCK_MSGPACK = (
    "91 86 a174 a573746f636b a473616c65 a27331 a46c656674 03a468656c64 01 a4736f6c64 06 a3766572 09"
)
COMMENT = {"op": "comment", "ref": 7, "text": "求链接"}
COMMENT_JSON = '{"op":"comment","ref":7,"text":"求链接"}'
COMMENT_MSGPACK = "83 a26f70 a7636f6d6d656e74 a3726566 07 a474657874 a9e6b182e993bee68ea5"


def test_a_command_is_packed_as_these_bytes() -> None:
    assert Wire.JSON.pack(COMMENT) == COMMENT_JSON
    assert Wire.MSGPACK.pack(COMMENT) == bytes.fromhex(COMMENT_MSGPACK)


def test_a_frame_is_unpacked_from_these_bytes() -> None:
    assert Wire.JSON.unpack(STOCK_JSON) == [STOCK]
    assert Wire.MSGPACK.unpack(bytes.fromhex(STOCK_MSGPACK)) == [STOCK]


@pytest.mark.parametrize("wire", [Wire.JSON, Wire.MSGPACK])
def test_the_server_reads_our_commands(wire: Wire) -> None:
    reader = HOUSE.readers[Encoding(wire.value)]
    commands = [
        {"op": "join", "ref": 1, "token": "t", "last": {"epoch": "e", "seq": 3}},
        {"op": "buy", "ref": 2, "sale": "s1", "qty": 2, "key": "k"},
    ]

    read = [reader.decode(_bytes(wire.pack(command))) for command in commands]

    assert read == [
        Join(ref=1, token="t", last=Last("e", 3)),
        Buy(ref=2, sale="s1", qty=2, key="k"),
    ]


@pytest.mark.parametrize("wire", [Wire.JSON, Wire.MSGPACK])
def test_we_read_the_server_s_messages(wire: Wire) -> None:
    codec = CODECS[Encoding(wire.value)]
    messages = [
        StockEvent(sale="s1", left=3, held=1, sold=6, ver=9),
        PinEvent(seq=4, sku=None),
        Err(ref=7, code="sold_out", msg="Gone."),
        ByeEvent(code=4000, reconnect_ms=250),
    ]
    payload = codec.array([codec.encode(message) for message in messages])

    read = wire.unpack(payload.decode() if wire is Wire.JSON else payload)

    assert read == [
        STOCK,
        {"t": "pin", "seq": 4, "sku": None},
        {"t": "err", "ref": 7, "code": "sold_out", "msg": "Gone."},
        {"t": "bye", "code": 4000, "reconnect_ms": 250},
    ]


@pytest.mark.parametrize(
    ("wire", "payload", "told"),
    [
        (Wire.JSON, b"[]", "bytes frame"),
        (Wire.MSGPACK, "[]", "str frame"),
        (Wire.JSON, "[", "not JSON"),
        (Wire.MSGPACK, b"\x91", "not MSGPACK"),
        (Wire.MSGPACK, b"\xc1", "not MSGPACK"),
        (Wire.JSON, '{"t":"ok"}', "not an array"),
        (Wire.JSON, "[]", "not an array"),
        (Wire.JSON, "[1]", "without `t`"),
        (Wire.JSON, '[{"ref":1}]', "without `t`"),
    ],
)
def test_a_frame_that_is_not_ours_is_refused_in_a_sentence(
    wire: Wire, payload: str | bytes, told: str
) -> None:
    with pytest.raises(WireError, match=told):
        wire.unpack(payload)


def _bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload
