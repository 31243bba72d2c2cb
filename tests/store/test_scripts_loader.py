"""Loading and running scripts: their heads, their keys, a Redis that forgot them or is away."""

import asyncio
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from server.house import HOUSE, keys_under, store_on
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import UNAVAILABLE_RETRY_MS
from server.store.script_library import ALL, HOST, ROOM, Library, LuaFile
from tests.store.script_room import CREATE, DECODER, ScriptRoom

LIBRARY = HOUSE.library
KNOWN = {ROOM: list(HOUSE.room_keys), HOST: list(HOUSE.host_keys), ALL: list(HOUSE.shared_keys)}
FILES = [file for file in LIBRARY.files if not file.name.startswith("_")]
PARTS = {part.path: name for name, parts in LIBRARY.parts.items() for part in parts}


def every_file(test: Any) -> Any:
    return pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)(test)


@every_file
def test_a_script_opens_with_what_it_does_its_keys_arguments_result_and_invariant(
    file: LuaFile,
) -> None:
    lines = file.text.splitlines()
    assert re.match(r"-- [A-Z]", lines[0])
    wanted = ("keys",) if file.path in PARTS else ("keys", "args", "returns", "holds")
    for part in wanted:
        assert file.head.get(part), f"no `{part}:` line"


@every_file
def test_a_script_touches_only_keys_it_declares(file: LuaFile) -> None:
    used = set(re.findall(r"\bK\.(\w+)", file.text))
    part_of = PARTS.get(file.path)
    wholes = [each for each in FILES if part_of and each.head.get("parts", "").startswith(part_of)]
    known = {key for each in (file, *wholes) for key in each.keys}
    assert used <= known or (file.folder == "" and "*" in known), "only the engine takes all keys"
    assert not re.findall(r"\bKEYS\b|\bARGV\b", file.text), "keys and arguments go by name"


@every_file
def test_a_script_names_only_keys_and_preludes_of_features_it_leans_on(file: LuaFile) -> None:
    owners = {
        key: name
        for name, f in HOUSE.features.items()
        for key in (*f.keys, *f.host_keys, *f.shared_keys)
    }
    preludes = {name: prelude.folder for name, prelude in LIBRARY.preludes.items()}
    named = {owners.get(key, "") for key in file.keys} | {preludes[name] for name in file.uses}
    feature = HOUSE.features.get(file.folder)
    below = {*feature.leans_on, *feature.reads} if feature is not None else set()
    assert named - {"", file.folder} <= below, f"{file.path} must say that it reads them"


@every_file
def test_a_script_that_speaks_declares_the_stream_and_the_bus(file: LuaFile) -> None:
    if file.path in PARTS:
        return
    if re.search(r"\b(tell_room|tell_user)\(", file.text):
        assert {"room", "events", "bus"} <= set(file.keys)
        assert "events_max" in file.text
    elif re.search(r"\bmention\(", file.text):
        assert {"room", "bus"} <= set(file.keys)


def test_all_keys_of_a_room_share_one_slot() -> None:
    keys = keys_under("lr")
    assert len({key_slot(keys.room("a.b:c", name).encode()) for name in HOUSE.room_keys}) == 1


def test_the_room_can_be_read_back_from_its_channel() -> None:
    keys = keys_under("lr")
    assert keys.room_of(keys.room("a:b}:c", "bus")) == "a:b}:c"


def test_a_name_that_is_no_key_of_a_room_is_refused_with_advice() -> None:
    with pytest.raises(KeyError, match="must declare it"):
        keys_under("lr").room("r1", "cart")


def test_an_undeclared_key_is_an_error_when_the_script_is_loaded() -> None:
    without = [name for name in HOUSE.room_keys if name != "muted"]
    folders = {name: files("server.features") / name for name in HOUSE.features}
    with pytest.raises(ValueError, match=r"comments/.*\.lua declares unknown keys: muted"):
        Library(files("server.store") / "scripts", folders, KNOWN | {ROOM: without})


def test_a_script_without_a_keys_line_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "odd.lua").write_text("-- Does things.\nreturn 1\n")
    with pytest.raises(ValueError, match=r"x/odd\.lua has no `-- keys:` line"):
        Library(files("server.store") / "scripts", {"x": tmp_path}, KNOWN)


def test_a_script_gets_only_the_constants_that_it_names() -> None:
    """It makes its tables anew at each call: a buy must not pay for what a room's settings need."""
    for name in HOUSE.shape.lua():
        having = {script for script, it in LIBRARY.scripts.items() if f"local {name} =" in it.text}
        naming = {script for script, it in LIBRARY.scripts.items() if it.text.count(name) > 1}
        assert having == naming != set()
        assert "orders.buy" not in having


async def test_a_redis_that_forgot_the_scripts_is_given_them_again(room: ScriptRoom) -> None:
    await room.run("room_create", **CREATE)
    await room.redis.script_flush()
    assert (await room.run("room_load", recent_max=5))["fields"]["title"] == "Tea"


async def test_a_refusal_becomes_an_error_with_code_sentence_and_time(live: ScriptRoom) -> None:
    refusal = await live.refused("shelf.pin", sku="gone")
    assert (refusal.code, refusal.retry_ms) == ("not_found", None)
    assert refusal.msg == "There is no product `gone` on the shelf; put it there before pinning it."


async def test_a_redis_that_is_away_answers_unavailable_and_when_to_retry(
    settings: Settings, prefix: str, tmp_path: Any
) -> None:
    nobody = connect(f"unix://{tmp_path}/nobody.sock", settings.redis)
    assert isinstance(nobody, Redis)
    store = await asyncio.to_thread(store_on, nobody, keys_under(prefix))
    with pytest.raises(CommandError, match="the outcome is unknown") as caught:
        await store.run_script("room_load", "r1", {"recent_max": 1}, DECODER)
    assert caught.value.code == "unavailable"
    assert caught.value.retry_ms == UNAVAILABLE_RETRY_MS
    await nobody.aclose()


def test_every_script_that_may_leave_work_in_a_room_wakes_it() -> None:
    """All but the one that puts the room to sleep, and those that take it out of Redis and back."""
    leaving = {
        name
        for name, script in LIBRARY.scripts.items()
        if script.of == ROOM
        and LIBRARY.pending_keys & set(script.keys)
        and name not in ("retire_end", "restore_part", "room_delete")
    }
    assert {name for name in leaving if not LIBRARY.scripts[name].wakes} == {"room_rest"}
    assert {"orders.buy", "phases.set"} <= leaving
    assert not LIBRARY.scripts["presence.report"].wakes, "it leaves nothing, and pays nothing"


def test_a_script_of_nobody_we_know_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "odd.lua").write_text("-- Odd.\n-- keys: room\n-- of: nobody\nreturn 1\n")
    with pytest.raises(ValueError, match=r"x/odd\.lua is `of: nobody`; write room, host, all"):
        Library(files("server.store") / "scripts", {"x": tmp_path}, KNOWN)
