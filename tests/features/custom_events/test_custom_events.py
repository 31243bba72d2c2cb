"""Custom events: told as their class says, byte for byte what was sent, and bounded."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.auth import Identity
from server.features.custom_events.messages import EventSend
from server.features.custom_events.payload import WHOLE_MAX, payload_of
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.features.stage import ANN, Stage
from tests.rooms.rig import HOST, Rig, rig

DATA = {"goals": 2, "empty": [], "none": {}, "nothing": None, "half": 0.5, "茶": [1, None, True]}
SETTINGS = {"events": {"values_max": 20}}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-WHOLE_MAX, WHOLE_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


async def tell(stage: Stage) -> None:
    """A score rises and is taken away, another stays; confetti falls, somebody claps."""
    await stage.do(EventSend(ref=1, name="confetti", data=DATA))
    for goals in (1, 2):
        await stage.do(
            EventSend(ref=1, name="score", item="a", data={"goals": goals}, delivery="latest")
        )
    await stage.do(EventSend(ref=1, name="weather", data=DATA, delivery="latest"))
    await stage.do(EventSend(ref=1, name="score", item="a", data=3, delivery="latest"))
    await stage.do(EventSend(ref=1, name="clap", data="👏", delivery="sample"))
    await stage.do(EventSend(ref=1, name="score", item="a", delivery="latest"))
    await stage.do(EventSend(ref=1, name="score", item="a", delivery="latest"))  # is no news


@given(JSON)
def test_any_json_is_taken_and_read_alike_in_both_encodings(data: Any) -> None:
    payload = payload_of(data, 100_000)
    assert msgspec.msgpack.decode(payload.packed) == data
    assert (json.loads(payload.text) if payload.text else None) == data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (2**53 + 1, "`data` has a whole number of more than 53 bits"),
        (float("nan"), "`data` has something that JSON can't say."),
        (b"bytes", "`data` has something that JSON can't say."),
        ({1: "x"}, "A key of a map in `data` is no text."),
        (json.loads("[" * 40 + "]" * 40), "`data` is nested deeper than 32 levels."),
        ("x" * 4095, "`data` can have 4096 bytes as JSON; these have 4097."),
    ],
    ids=["wide", "nan", "bytes", "key", "deep", "long"],
)
def test_what_a_client_could_not_read_is_refused(data: Any, why: str) -> None:
    with pytest.raises(CommandError) as refused:
        payload_of(data, 4096)
    assert refused.value.msg.startswith(why)


@pytest.fixture
def event_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(events={"values_max": 2, "values_bytes_max": 40, "burst": 12})


async def test_bad_events_are_refused_and_leave_no_trace(event_settings: Settings) -> None:
    async with rig(event_settings, "w1") as here:
        await here.create()
        await _send(here, "score", 1, "latest", item="a")
        await _send(here, "score", 2, "latest", item="b")
        before = await here.redis.hgetall(here.key("custom_values"))
        told = await here.redis.xlen(here.key("events"))

        await _refused("limit_reached", here, "score", 3, "latest", item="c")
        await _refused("limit_reached", here, "score", "x" * 40, "latest", item="a")
        await _refused("bad_message", here, "confetti", 1, "must", item="a")
        for who in (ANN, Identity("h2", "Ann", Role.HOST), Identity("m1", "Mo", Role.MODERATOR)):
            await _refused("forbidden", here, "confetti", 1, who=who)

        assert await here.redis.hgetall(here.key("custom_values")) == before
        assert await here.redis.xlen(here.key("events")) == told
        await _send(here, "score", None, "latest", item="a")  # what is taken away leaves room
        await _send(here, "score", "x" * 30, "latest", item="b")
        [value] = msgspec.to_builtins(await here.directory.read("r1"))["custom_values"]
        assert (value["item"], value["data"]) == ("b", "x" * 30)


async def test_a_room_takes_so_many_a_second(event_settings: Settings) -> None:
    async with rig(event_settings, "w1") as here:
        await here.create()
        for _ in range(12):
            await _send(here, "clap", 1, "sample")
        refused = await _refused("rate_limited", here, "clap", 1, "sample")
        assert refused.retry_ms


async def _send(
    here: Rig,
    name: str,
    data: Any,
    delivery: Any = "must",
    *,
    item: str = "",
    who: Identity = HOST,
) -> None:
    await here.do(EventSend(ref=1, name=name, data=data, delivery=delivery, item=item), who)


async def _refused(code: str, *args: Any, **more: Any) -> CommandError:
    with pytest.raises(CommandError) as refused:
        await _send(*args, **more)
    assert refused.value.code == code
    return refused.value
