"""docs/protocol.md tells what the code does: its tables and its example frames."""

import json
import re
from pathlib import Path
from random import Random
from typing import Any, get_args

import msgpack
import msgspec
import pytest

from server.access.auth import Identity
from server.features.asks.messages import Card, Question, QuestionAnswer
from server.features.comments.messages import Comment
from server.features.coupons.messages import Claim, Coupon, CouponClaim, CouponOpen
from server.features.desk.messages import Desk
from server.features.luckies.messages import Lucky, LuckyOpen
from server.features.notices.messages import Notice
from server.features.orders.messages import Buy, Order
from server.features.polls.messages import Poll, PollOpen
from server.features.reports.messages import DeskReport
from server.features.shelf.messages import Product, ProductInput, ShelfPut
from server.features.stock.messages import Sale
from server.house import HOUSE
from server.protocol.codec import CODECS, Encoding
from server.protocol.codes import CLOSES, ERRORS, CommandError
from server.protocol.message import Command, Err, Event
from server.protocol.roles import Role
from server.rooms.call import Call, Handler
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.web.errors import CONFLICT, STATUS
from server.web.rooms import RoomRoutes
from server.worker import Worker
from tests.conftest import MakeSettings
from tests.protocol.test_golden_bytes import reply_of

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
KINDS: dict[str, type[Command]] = {str(kind.__struct_config__.tag): kind for kind in HOUSE.commands}
EVENTS: dict[str, type[Event]] = {str(kind.__struct_config__.tag): kind for kind in HOUSE.told}


def section(title: str) -> str:
    """The text under a heading of the second level."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no section {title!r}"
    return found[1]


def rows(title: str) -> list[list[str]]:
    """The cells of all table rows of a section, heads left out."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    heads = {n - 1 for n, line in enumerate(lines) if set(line) <= set("|- ")}
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for n, line in enumerate(lines)
        if n not in heads and n - 1 not in heads
    ]
    return [row for row in cells if any(row)]


def words(cell: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`]+)`", cell))


def test_the_errors_are_those_of_the_code() -> None:
    table = [row for row in rows("Errors") if len(row) == 3]
    assert table == [[f"`{code}`", row.meaning, row.advice] for code, row in ERRORS.items()]


def test_the_closes_are_those_of_the_code() -> None:
    assert rows("Closes") == [
        [str(close.code), close.reason, close.advice, "yes" if close.come_back else "no"]
        for close in CLOSES
    ]


def test_a_close_says_to_come_back_by_its_range() -> None:
    for close in CLOSES:
        if close.code >= 4000:
            assert close.come_back == (close.code < 4400), close


@pytest.mark.parametrize("op", KINDS)
def test_every_command_is_described_with_all_its_fields(op: str) -> None:
    [row] = [row for row in rows("Commands") if row[0] == f"`{op}`"]
    fields = {field.encode_name: field.required for field in msgspec.structs.fields(KINDS[op])}
    del fields["ref"]
    assert set(fields) <= words(row[2])
    for name, required in fields.items():
        alternative = op == "buy"  # a sale or lines
        assert required is (f"`{name}`?" not in row[2]) or alternative, name


def test_the_fields_that_take_null_are_named() -> None:
    nullable = {
        f"{op}.{field.encode_name}"
        for op, kind in KINDS.items()
        for field in msgspec.structs.fields(kind)
        if type(None) in get_args(field.type)
    }
    [named] = re.findall(r"`null` is `bad_message`, but for\n(.*?)\.\n", PAGE, re.DOTALL)
    assert words(named) == nullable


def test_no_command_is_described_that_is_not_there() -> None:
    assert {row[0].strip("`") for row in rows("Commands")} == set(KINDS)


def test_the_codes_named_with_a_command_are_errors() -> None:
    for row in rows("Commands"):
        assert words(row[4]) <= set(ERRORS), row[0]


LONG = "x" * 64
TOO_LONG: list[Command] = [
    Buy(ref=1, key=LONG, sale="s"),
    Comment(ref=1, text=LONG),
    CouponClaim(ref=1, coupon="c", key=LONG),
    CouponOpen(ref=1, title=LONG, quota=1, currency="CNY", percent=10),
    LuckyOpen(ref=1, title=LONG, prizes=1),
    Notice(ref=1, text=LONG),
    PollOpen(ref=1, question=LONG, options=["a", "b"]),
    QuestionAnswer(ref=1, question="q", text=LONG),
    ShelfPut(ref=1, product=ProductInput("mug", LONG, 1, "CNY")),
]


def worker_of(settings: Settings) -> Worker:
    """What takes commands and requests; nothing of it runs."""
    none: Any = None
    return Worker(none, settings, worker_id="w1", metrics=Metrics(), random=Random(1))


@pytest.fixture
def handlers(make_settings: MakeSettings) -> dict[type[Command], Handler]:
    """What answers commands where texts can have ten characters."""
    short = make_settings(
        orders={"key_chars_max": 10},
        rooms={"comment_chars_max": 10, "text_chars_max": 10},
        coupons={"title_chars_max": 10},
        luckies={"title_chars_max": 10},
        polls={"question_chars_max": 10},
        asks={"answer_chars_max": 10},
    )
    return worker_of(short).dispatch.handlers


@pytest.mark.parametrize("cmd", TOO_LONG, ids=lambda cmd: str(cmd.__struct_config__.tag))
async def test_a_command_whose_text_can_be_too_long_says_so(
    cmd: Command, handlers: dict[type[Command], Handler]
) -> None:
    with pytest.raises(CommandError) as refused:
        await handlers[type(cmd)].run(Call("r1", Identity("h1", "Mei", Role.HOST)), cmd)

    [row] = [row for row in rows("Commands") if row[0] == f"`{cmd.__struct_config__.tag}`"]
    assert refused.value.code == "too_long"
    assert "too_long" in words(row[4])


def test_every_command_names_the_least_role_that_may_send_it(settings: Settings) -> None:
    roles = {row[0].strip("`"): row[1] for row in rows("Commands")}
    for kind, handler in worker_of(settings).dispatch.handlers.items():
        op = str(kind.__struct_config__.tag)
        assert roles.pop(op) == handler.least.value, op
    assert roles == {"join": "guest", "ping": "guest"}


@pytest.mark.parametrize("t", EVENTS)
def test_every_event_is_described_with_its_class_and_all_its_fields(t: str) -> None:
    [row] = [row for row in rows("Events") if row[0] == f"`{t}`"]
    assert row[1].startswith(EVENTS[t].delivery.value)
    fields = {field.encode_name for field in msgspec.structs.fields(EVENTS[t])}
    assert fields - {"seq"} == words(row[2])


def test_no_event_is_described_that_is_not_there() -> None:
    described = {row[0].strip("`") for row in rows("Events")} - {"must", "latest", "sample"}
    assert described == set(EVENTS)


@pytest.mark.parametrize(
    ("noun", "kind"),
    [
        ("Room", HOUSE.shape.view),
        ("Product", Product),
        ("Sale", Sale),
        ("Order", Order),
        ("Card", Card),
        ("Question", Question),
        ("Coupon", Coupon),
        ("Claim", Claim),
        ("Poll", Poll),
        ("Lucky draw", Lucky),
        ("Mine", HOUSE.shape.mine),
        ("Desk", Desk),
        ("Desk report", DeskReport),
    ],
)
def test_every_noun_is_described_with_all_its_fields(noun: str, kind: type[Any]) -> None:
    [text] = re.findall(
        rf"^\*\*{noun}\*\* — (.*?)\n\n", section("Nouns") + "\n", re.MULTILINE | re.DOTALL
    )
    for field in msgspec.structs.fields(kind):
        name = f"`{field.encode_name}`"
        assert name in text, f"{noun} has no {name}"
        assert field.required is (f"{name}?" not in text), f"{noun}: {name} and its `?`"


def test_the_fields_of_the_reply_to_a_join_are_described() -> None:
    described = set().union(*(words(row[0]) for row in rows("Joining")))
    assert {field.encode_name for field in msgspec.structs.fields(HOUSE.shape.joined)} - {
        "ref"
    } <= described


def test_every_setting_named_has_the_default_it_is_given(settings: Settings) -> None:
    named = re.findall(r"`([a-z]+)\.([a-z_]+)` \(([\d.]+)\)", PAGE)
    assert len(named) > 20
    for section_name, field, shown in named:
        kind = type(getattr(settings, section_name))
        assert float(kind.model_fields[field].default) == float(shown), f"{section_name}.{field}"


def test_every_route_is_described(settings: Settings) -> None:
    described = set().union(*(words(row[0]) for row in rows("REST")))
    worker = worker_of(settings)
    own = RoomRoutes(worker.directory, HOUSE.shape.view).routes()
    for route in [*own, *worker.routes]:
        assert f"{route.method} {route.path}" in described
        [row] = [r for r in rows("REST") if f"{route.method} {route.path}" in words(r[0])]
        anybody = {"anybody", "signed"}
        assert row[1] in ({route.least.value} if route.least else anybody)


def test_the_things_named_are_what_scopes_are_about(settings: Settings) -> None:
    named = re.search(r"^The things are (.*?)\. `liveroom", PAGE, re.MULTILINE | re.DOTALL)
    assert named
    scopes = {route.scope for route in worker_of(settings).routes} | {"ops:read", "rooms:read"}
    scopes |= set(HOUSE.command_scopes.values())
    # A new feature need not be named here: it names itself when it refuses, and in OpenAPI.
    assert words(named[1]) <= {scope.partition(":")[0] for scope in scopes}


def test_the_status_of_every_error_is_described() -> None:
    described = {int(row[0]): words(row[1]) for row in rows("REST") if row[0].isdigit()}
    for code in ERRORS:
        assert code in described[STATUS.get(code, CONFLICT)]


EXAMPLES = re.findall(
    r"^```(json|msgpack) (client|server)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("encoding", "side", "text"), EXAMPLES)
def test_an_example_frame_is_what_the_code_reads_or_writes(
    encoding: str, side: str, text: str
) -> None:
    name = Encoding.JSON if encoding == "json" else Encoding.MSGPACK
    codec = CODECS[name]
    data = text.strip().encode() if encoding == "json" else bytes.fromhex(text)
    if side == "client":
        HOUSE.readers[name].decode(data)
        return
    messages = json.loads(data) if encoding == "json" else msgpack.unpackb(data)
    parts = [codec.encode(_message(message)) for message in messages]
    written = codec.array(parts)
    assert written == data or (encoding == "msgpack" and msgpack.unpackb(written) == messages)


def _message(message: dict[str, Any]) -> Any:
    if message["t"] == "err":
        return msgspec.convert(message, Err)
    if "you" in message:
        room = msgspec.Raw(msgspec.json.encode(msgspec.convert(message["room"], HOUSE.shape.view)))
        values = {k: v for k, v in message.items() if k not in {"t", "room"}}
        return HOUSE.shape.joined(room=room, **values)
    return msgspec.convert(
        message, reply_of(message) if message["t"] == "ok" else EVENTS[message["t"]]
    )


def test_a_link_within_the_page_leads_to_a_heading() -> None:
    headings = re.findall(r"^##+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in headings}
    assert set(re.findall(r"\(#([^)]+)\)", PAGE)) <= anchors
