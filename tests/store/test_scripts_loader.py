"""Loading and running scripts: their heads, their keys, a Redis that forgot them or is away."""

import asyncio
import re
from importlib.resources import files
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from server.protocol.codes import CommandError
from server.settings import Settings
from server.store import scripts as loader
from server.store.client import connect
from server.store.keys import ROOM_KEYS, Keys
from server.store.scripts import Scripts
from tests.store.script_room import CREATE, DECODER, ScriptRoom

FOLDER = files("server.store") / "scripts"
SCRIPTS = loader.load_all()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_opens_with_what_it_does_its_keys_arguments_result_and_invariant(
    name: str,
) -> None:
    lines = (FOLDER / f"{name}.lua").read_text().splitlines()
    assert re.match(r"-- [A-Z]", lines[0])
    head = "\n".join(lines[: next(i for i, line in enumerate(lines) if not line.startswith("--"))])
    for part in ("keys", "args", "returns", "holds"):
        assert re.search(rf"^-- {part}: *\S", head, re.MULTILINE), f"no `{part}:` line"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_touches_only_keys_it_declares(name: str) -> None:
    script = SCRIPTS[name]
    body = (FOLDER / f"{name}.lua").read_text()
    used = set(re.findall(r"\bK\.(\w+)", body))
    assert used <= set(script.keys)
    assert not re.findall(r"\bKEYS\b|\bARGV\b", body), "keys and arguments go by name"


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_that_speaks_declares_the_stream_and_the_bus(name: str) -> None:
    body = (FOLDER / f"{name}.lua").read_text()
    if re.search(r"\b(tell_room|tell_user)\(", body):
        assert {"room", "events", "bus"} <= set(SCRIPTS[name].keys)
        assert "events_max" in body
    elif re.search(r"\bmention\(", body):
        assert {"room", "bus"} <= set(SCRIPTS[name].keys)


def test_all_keys_of_a_room_share_one_slot() -> None:
    keys = Keys("lr")
    assert len({key_slot(keys.room("a.b:c", name).encode()) for name in ROOM_KEYS}) == 1


def test_the_room_can_be_read_back_from_its_channel() -> None:
    keys = Keys("lr")
    assert keys.room_of(keys.room("a:b}:c", "bus")) == "a:b}:c"


def test_a_name_that_is_no_key_of_a_room_is_refused_with_advice() -> None:
    with pytest.raises(KeyError, match="add it to ROOM_KEYS"):
        Keys("lr").room("r1", "cart")


def test_an_undeclared_key_is_an_error_when_the_script_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without = {name: why for name, why in ROOM_KEYS.items() if name != "muted"}
    monkeypatch.setattr(loader, "ROOM_KEYS", without)
    with pytest.raises(ValueError, match=r"mute_set\.lua declares unknown keys: muted"):
        loader.load("mute_set")


def test_a_script_without_a_keys_line_is_an_error() -> None:
    with pytest.raises(ValueError, match="no `-- keys:` line"):
        loader._head("odd", "-- Does things.\nreturn 1\n")


async def test_a_redis_that_forgot_the_scripts_is_given_them_again(room: ScriptRoom) -> None:
    await room.run("room_create", **CREATE)
    await room.redis.script_flush()
    assert (await room.run("room_load", recent_max=5))["fields"]["title"] == "Tea"


async def test_a_refusal_becomes_an_error_with_code_sentence_and_time(live: ScriptRoom) -> None:
    refusal = await live.refused("pin_set", sku="gone")
    assert (refusal.code, refusal.retry_ms) == ("not_found", None)
    assert refusal.msg == "There is no product `gone` on the shelf; put it there before pinning it."


async def test_a_redis_that_is_away_answers_unavailable_and_when_to_retry(
    settings: Settings, prefix: str, tmp_path: Any
) -> None:
    nobody: Redis = connect(f"unix://{tmp_path}/nobody.sock", settings.redis)
    scripts = await asyncio.to_thread(Scripts, nobody, Keys(prefix))
    with pytest.raises(CommandError, match="the outcome is unknown") as caught:
        await scripts.run("room_load", "r1", {"recent_max": 1}, DECODER)
    assert caught.value.code == "unavailable"
    assert caught.value.retry_ms == loader.UNAVAILABLE_RETRY_MS
    await nobody.aclose()
