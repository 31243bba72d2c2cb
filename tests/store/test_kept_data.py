"""Data folders of the versions before this one: a server starts on them, and they audit clean.

`tests/kept_data/make.py` wrote them, with the server of that time.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import cast

import msgspec
import pytest
from redis.asyncio import Redis

from client_sim.client import RoomClient
from client_sim.rest import Rest
from client_sim.tokens import mint, read_secret
from server.house import keys_under
from server.protocol.roles import Role
from server.rooms.data_version import VERSION
from server.store.embedded import EmbeddedRedis
from server.store.log_format import kept_in
from server.store.redis_program import RedisProgram
from tests.kept_data.make import ROOM, ROUNDS, serving
from tests.programs import PROGRAMS, name_of

KEPT = Path(__file__).parent.parent / "kept_data"
KEYS = keys_under("lr")
FOLDERS = sorted(path.name for path in KEPT.iterdir() if (path / "redis").is_dir())


PAIRS = [
    pytest.param((folder, program), id=f"{folder}-{name_of(program)}")
    for folder in FOLDERS
    for program in PROGRAMS
    if kept_in(KEPT / folder / "redis").readers.include(program.release)
]
"""Each folder with each program that can read it; test_log_format sees the others refused."""

ONE_EACH = [
    pair
    for n, folder in enumerate(FOLDERS)
    if (pairs := [p for p in PAIRS if p.values[0][0] == folder])  # type: ignore[index]
    for pair in (pairs[n % len(pairs)],)
]
"""Each folder with one of those programs, in turn: the server does the same with each."""


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[str, RedisProgram]:
    """A folder's name, and a program that can read it."""
    return cast("tuple[str, RedisProgram]", request.param)


@pytest.fixture
def folder(pair: tuple[str, RedisProgram], tmp_path: Path) -> Path:
    """A copy of the folder, to start on."""
    return Path(shutil.copytree(KEPT / pair[0], tmp_path / pair[0]))


@pytest.fixture
def program(pair: tuple[str, RedisProgram]) -> RedisProgram:
    """The program."""
    return pair[1]


async def liveroom(folder: Path, program: RedisProgram, *arguments: str) -> str:
    """What the command prints about the folder; its status must be 0."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *arguments, "--data-dir", str(folder)),
        env=os.environ | {"LIVEROOM_REDIS_SERVER_PATH": str(program.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate()
    assert child.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.long("starts a whole server on each")
@pytest.mark.parametrize("pair", ONE_EACH, indirect=True)
async def test_an_older_folder_is_upgraded_served_and_audits_clean_before_and_after(
    folder: Path, program: RedisProgram
) -> None:
    before = await liveroom(folder, program, "audit", ROOM)
    async with serving(program.path, folder) as url, Rest(url, "") as rest:
        room = await rest.room(ROOM)
        redis = Redis.from_url(EmbeddedRedis(folder).url)
        lists = [await redis.zrange(key, 0, -1) for key in (KEYS.rooms, KEYS.groups)]
        version = await redis.get(KEYS.data_version)
        awake = set(await redis.zrange(KEYS.awake, 0, -1))
        await redis.aclose()
    after = await liveroom(folder, program, "audit", ROOM)

    assert "4 orders, 1 sale" in before
    assert room is not None
    assert room["title"] == "Tea that was kept"
    for said in (before, after):
        assert "The ledger and the live state agree." in said
    assert version == str(VERSION).encode()
    assert ROOM.encode() in awake
    assert awake == {room for listed in lists for room in listed}


@pytest.mark.long("starts a whole command on each")
async def test_its_orders_are_all_there_with_what_they_cost(
    folder: Path, program: RedisProgram
) -> None:
    lines = await liveroom(folder, program, "orders", "export", ROOM, "--format", "jsonl")

    orders = [msgspec.json.decode(line) for line in lines.splitlines()]
    assert [(order["user"], order["status"], order["total"]) for order in orders] == [
        ("ann", "paid", 1400),
        ("bob", "held", 800),
        ("cid", "cancelled", 800),
        ("cid", "returned", 800),
    ]


@pytest.mark.long("starts a whole server on each")
@pytest.mark.parametrize("pair", [p for p in ONE_EACH if "rounds" in str(p.id)], indirect=True)
async def test_its_rounds_go_on_and_its_fan_group_is_not_listed(
    folder: Path, program: RedisProgram
) -> None:
    async with serving(program.path, folder) as url:
        secret = await asyncio.to_thread(read_secret, None, str(folder))
        tokens = {name: mint(secret, name, name, Role.VIEWER) for name in ("ann", "cid")}
        host_token = mint(secret, "host", "host", Role.HOST)
        async with (
            RoomClient(url, ROUNDS, host_token) as host,
            RoomClient(url, ROUNDS, tokens["ann"]) as ann,
            RoomClient(url, ROUNDS, tokens["cid"]) as cid,
            Rest(url, host_token) as rest,
        ):
            shown, vote = dict(ann.state.view), ann.state.mine["vote"]
            await cid.vote(shown["poll"]["poll"], 0)
            closed = await host.poll_close(shown["poll"]["poll"])
            drawn = await host.lucky_draw(shown["lucky"]["lucky"])
            third = await host.poll_open("Which cup?", ["this", "that"])
            _, polls = await rest._call("GET", f"/v1/rooms/{ROUNDS}/polls")
            _, rooms = await rest._call("GET", "/v1/rooms")
    audited = await liveroom(folder, program, "audit", ROUNDS)

    assert (shown["poll"]["question"], vote) == ("Which tea?", 1)
    assert (closed["votes"], [one["user"] for one in drawn["winners"]]) == ([1, 1], ["bob"])
    asked = [poll["question"] for poll in polls]
    assert asked == ["Which pot?", "Which tea?", third["question"]]
    assert {room["room"] for room in rooms} == {ROOM, ROUNDS}
    assert "The ledger and the live state agree." in audited
