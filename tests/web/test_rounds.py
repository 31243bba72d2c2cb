"""Polls and lucky draws over HTTP, and the check that anybody can make of a draw."""

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from server.cli import lucky as cli_lucky
from server.cli.main import app
from server.house import keys_under, store_on
from server.protocol.roles import Role
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.running import running
from tests.store.script_room import DECODER
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ROOM = "/v1/rooms/r1"
ANN: dict[str, Any] = {"user": "ann", "role": Role.VIEWER}


def lucky_check(*arguments: str) -> tuple[int, str]:
    """Run `liveroom lucky-check`: its status and what it said."""
    ended = CliRunner().invoke(app, ["lucky-check", *arguments])
    return ended.exit_code, ended.output


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """The live room r1 of h1."""
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Api(session, settings, worker.url)
        await made.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        await made.send("POST", f"{ROOM}/live", {"phase": "live"})
        yield made


class Rounds:
    """What hosts and viewers do in r1."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    async def run(self, script: str, **args: Any) -> Any:
        return await self._store.run_script(script, "r1", {"events_max": 1000} | args, DECODER)

    async def open(self, prizes: int = 3) -> None:
        await self.run(
            "luckies.open", lucky="l1", title="Mug", prizes=prizes, audience="all", lasts_s=0,
            seed="a seed", luckies_max=9,
        )  # fmt: skip

    async def enter(self, *users: str) -> None:
        entries = [{"lucky": "l1", "user": user, "name": user.title()} for user in users]
        await self.run("luckies.enter", entries=entries, entrants_max=10_000)


@pytest.fixture
def rounds(api: Api, redis: Redis, prefix: str) -> Rounds:
    return Rounds(store_on(redis, keys_under(prefix)))


async def test_the_host_reads_all_polls_with_their_votes(api: Api, rounds: Rounds) -> None:
    for poll in ("p2", "p1"):
        await rounds.run(
            "polls.open", poll=poll, question="?", options=["a", "b"], lasts_s=0, polls_max=9
        )
        await rounds.run("polls.vote", votes=[{"poll": poll, "user": "ann", "option": 1}])
        await rounds.run("polls.close", poll=poll)

    status, polls = await api.send("GET", f"{ROOM}/polls")

    assert status == 200
    assert [(p["poll"], p["votes"], p["status"]) for p in polls] == [
        ("p2", [0, 1], "closed"), ("p1", [0, 1], "closed"),
    ]  # fmt: skip
    await api.refused(403, "forbidden", "GET", f"{ROOM}/polls", user="h2")
    await api.refused(403, "forbidden", "GET", f"{ROOM}/polls", user="ann", role=Role.VIEWER)
    await api.refused(401, "bad_token", "GET", f"{ROOM}/polls", user=None)


async def test_entrants_are_told_to_whoever_signed_in_once_it_is_drawn(
    api: Api, rounds: Rounds
) -> None:
    users = [f"u{n:04}" for n in range(2500)]
    await rounds.open()
    for start in range(0, len(users), 500):
        await rounds.enter(*users[start : start + 500])

    before = await api.send("GET", f"{ROOM}/luckies/l1/entrants", **ANN)
    await rounds.run("luckies.draw", lucky="l1")
    status, drawn = await api.send("GET", f"{ROOM}/luckies/l1/entrants", **ANN)

    assert (before[0], before[1]["entries"]) == (200, 2500)
    assert not {"seed", "entrants"} & set(before[1])
    assert (status, drawn["seed"], drawn["entrants"]) == (200, "a seed", users)
    assert list(cli_lucky.check(drawn)) == []
    listed = (await api.send("GET", f"{ROOM}/luckies", user=None))[1]
    assert [each["winners"] for each in listed] == [drawn["winners"]]
    await api.refused(404, "not_found", "GET", f"{ROOM}/luckies/l2/entrants", **ANN)
    await api.refused(401, "bad_token", "GET", f"{ROOM}/luckies/l1/entrants", user=None)


async def test_a_draw_without_entrants_is_told_too(api: Api, rounds: Rounds) -> None:
    await rounds.open()
    await rounds.run("luckies.draw", lucky="l1")

    status, drawn = await api.send("GET", f"{ROOM}/luckies/l1/entrants", **ANN)

    assert (status, drawn["entrants"], list(cli_lucky.check(drawn))) == (200, [], [])


async def test_the_command_checks_a_draw_of_a_server(api: Api, rounds: Rounds) -> None:
    await rounds.open(prizes=1)
    await rounds.enter("ann", "ben")
    its = ("r1", "l1", "--url", api.url, "--token", api.token("ann", Role.VIEWER))
    undrawn = await asyncio.to_thread(lucky_check, *its)
    unknown = await asyncio.to_thread(lucky_check, "r1", "l9", *its[2:])
    unasked = await asyncio.to_thread(lucky_check, *its[:4])
    drawn = await rounds.run("luckies.draw", lucky="l1")
    promised = ("--seed-hash", hashlib.sha1(b"a seed").hexdigest(), "--user", "ann")
    status, out = await asyncio.to_thread(lucky_check, *its, *promised)

    assert undrawn == (cli_lucky.WRONG, "  It was not drawn yet.\n")
    assert unknown[0] == unasked[0] == cli_lucky.COULD_NOT_RUN
    assert f"the server at {api.url} knows no lucky draw l9 in a room r1" in unknown[1]
    assert "give such a --token" in unasked[1]
    assert (status, out) == (
        0, f"2 entered, {drawn['winners'][0]['name']} won, as the seed says.\n",
    )  # fmt: skip


@pytest.mark.parametrize("users", [["ann", "ben", "cid", "小明"], []], ids=["some", "nobody"])
async def test_the_check_in_the_docs_is_all_it_takes(
    api: Api, rounds: Rounds, capsys: pytest.CaptureFixture[str], users: list[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "lucky-draw.md").read_text(encoding="utf-8")
    lines = page.split("in a few lines of Python")[1].split("\nCompare")[0].splitlines()
    program = "\n".join(line.removeprefix("    ") for line in lines)
    program = program.replace("https://…", api.url).replace("ROOM", "r1").replace("LUCKY", "l1")
    program = program.replace("TOKEN", api.token("ann", Role.VIEWER))
    await rounds.open(prizes=2)
    await rounds.enter(*users)
    drawn = await rounds.run("luckies.draw", lucky="l1")

    await asyncio.to_thread(exec, program, {})

    won = [winner["user"] for winner in drawn.get("winners", [])]
    assert f"as promised: {won}" in capsys.readouterr().out


# The check alone.


def a_draw(**changes: Any) -> dict[str, Any]:
    """A draw that is as it was promised, but for the changes."""
    users = ["ann", "ben", "cid", "小明"]
    seed = "s"

    def sha1(text: str) -> str:
        return hashlib.sha1(text.encode()).hexdigest()

    won = sorted(users, key=lambda user: sha1(f"{seed} {user}"))[:2]
    return {
        "lucky": "l1", "status": "drawn", "prizes": 2, "seed": seed, "seed_hash": sha1(seed),
        "entrants": users, "entries": 4, "entrants_hash": sha1("\n".join(users)),
        "winners": [{"user": user, "name": user} for user in won],
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": "t"}, "SHA-1 of the seed"),
        ({"entrants": ["ann", "ben", "cid"]}, "their hash or number"),
        ({"entrants": ["ben", "ann", "cid", "小明"]}, "not sorted"),
        ({"entries": 5}, "their hash or number"),
        ({"winners": [{"user": "ann", "name": "Ann"}]}, "winners should be"),
        ({"winners": a_draw()["winners"][::-1]}, "winners should be"),
        ({"status": "open"}, "not drawn yet"),
    ],
)
def test_a_draw_that_is_not_as_promised_is_found_out(change: dict[str, Any], says: str) -> None:
    assert list(cli_lucky.check(a_draw())) == []
    assert says in " ".join(cli_lucky.check(a_draw(**change)))


def test_a_promise_that_was_another_and_an_entrant_left_out_are_found_out() -> None:
    found = list(cli_lucky.check(a_draw(), seed_hash="0" * 40, user="dan"))

    assert [sentence.split()[0] for sentence in found] == ["The", "dan"]


def test_the_command_says_that_no_server_answers_and_what_to_do() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # it doesn't listen
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

        status, out = lucky_check("r1", "l1", "--url", url)

    assert status == cli_lucky.COULD_NOT_RUN
    assert f"no server answers at {url} (Connection refused); start it, or give" in out


def test_the_command_checks_a_file(tmp_path: Path) -> None:
    good, bad, broken = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "broken.json"
    good.write_text(json.dumps(a_draw()), encoding="utf-8")
    bad.write_text(json.dumps(a_draw(seed="t")), encoding="utf-8")
    broken.write_text("{}", encoding="utf-8")

    status, out = lucky_check("--file", str(good))

    assert (status, "4 entered" in out, "--seed-hash" in out) == (0, True, True)
    assert lucky_check("--file", str(bad))[0] == cli_lucky.WRONG
    assert lucky_check("--file", str(broken))[0] == cli_lucky.COULD_NOT_RUN
    assert lucky_check()[0] == cli_lucky.COULD_NOT_RUN
    assert lucky_check("r1", "l1", "--url", "ftp://x")[0] == cli_lucky.COULD_NOT_RUN
