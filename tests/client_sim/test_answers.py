"""A shop that answers nobody, tells nobody or refuses to write is not called good."""

import asyncio
import sys
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from client_sim import crowd as crowd_module
from client_sim.__main__ import main
from client_sim.answers import Answers
from client_sim.checks import Findings
from client_sim.client import RoomClient
from client_sim.client.errors import CommandRefused, Unanswered
from client_sim.community_watch import CommunityRecord
from client_sim.crowd import Crowd
from client_sim.looks import due
from client_sim.order_book import OrderBook
from client_sim.record import Record
from client_sim.report import report
from client_sim.rest import Rest
from client_sim.tally import Tally
from client_sim.tokens import CannotRun
from server.house import HOUSE
from server.protocol.roles import Role
from server.settings import Settings
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.script_library import sha_of
from tests.client_sim.conftest import HOST, QUICK, Cutter, Enter, Played, token
from tests.client_sim.histories import order
from tests.client_sim.test_crowd import plan, until
from tests.client_sim.test_sabotage import RUSH
from tests.conftest import JWT_SECRET, MakeSettings
from tests.running import Worker, running

UNTOLD = """
local tell_user = function() end
local tell_user_packed = tell_user
"""


class Full:
    """A worker whose own Redis can be made to refuse to write. An async context manager."""

    def __init__(self, folder: Path, make_settings: MakeSettings) -> None:
        self._folder = folder
        self._make_settings = make_settings
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Worker:
        embedded = await self._stack.enter_async_context(EmbeddedRedis(self._folder))
        settings = self._make_settings(redis={"url": embedded.url, "key_prefix": "oom"})
        self._admin = connect(embedded.url, settings.redis)
        self._stack.push_async_callback(self._admin.aclose)
        return await self._stack.enter_async_context(running(settings, "w1"))

    async def __aexit__(self, *exc_info: object) -> None:
        await self._admin.config_set("maxmemory", "0")
        await self._stack.aclose()

    async def refuse_writes(self) -> None:
        """From now on Redis answers OOM."""
        await self._admin.config_set("maxmemory", "1")


@pytest.fixture
def full(tmp_path: Path, make_settings: MakeSettings) -> Full:
    return Full(tmp_path, make_settings)


async def evening(settings: Settings, viewers: int = 8) -> Crowd:
    async with running(settings, "w1") as worker:
        crowd = Crowd(plan(worker.url, viewers=viewers, script=RUSH, seconds=RUSH.seconds))
        await crowd.play_evening()
    return crowd


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """People give up soon."""
    monkeypatch.setattr(crowd_module, "_OPTIONS", replace(crowd_module._OPTIONS, retry_s_max=0.1))


async def test_a_shop_in_which_most_buys_are_unavailable_fails(
    hasty: None, played: Played, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = dict(HOUSE.library.scripts)
    buy = loaded["orders.buy"]
    text = "do return redis.error_reply('OOM command not allowed') end\n" + buy.text
    loaded["orders.buy"] = buy._replace(text=text, sha=sha_of(text))
    monkeypatch.setattr(HOUSE.library, "scripts", loaded)

    crowd = await evening(server_settings)

    assert crowd.tally.replies["buy"]["unavailable"] > 0
    assert crowd.findings.failed["answered"] > 0
    assert "`buy` came to nothing" in crowd.findings.sentences["answered"][0]


async def test_orders_whose_buyers_are_never_told_fail(
    played: Played, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = dict(HOUSE.library.scripts)
    buy = loaded["orders.buy"]
    marker = "local function mention(event, pack)"
    assert marker in buy.text
    text = buy.text.replace(marker, UNTOLD + marker, 1)
    loaded["orders.buy"] = buy._replace(text=text, sha=sha_of(text))
    monkeypatch.setattr(HOUSE.library, "scripts", loaded)
    monkeypatch.setattr("client_sim.reckoning.SETTLE_S_MAX", 1.0)

    crowd = await evening(server_settings)

    assert crowd.tally.replies["buy"]["ok"] > 0
    assert set(crowd.findings.failed) == {"orders_told"}, crowd.findings
    assert "no event ever told of it" in crowd.findings.sentences["orders_told"][0]


async def test_a_sound_shop_is_looked_at_as_often_as_is_due(
    played: Played, server_settings: Settings
) -> None:
    crowd = await evening(server_settings)

    assert crowd.findings.passed, crowd.findings
    assert crowd.findings.least["one_key_one_order"] == 2
    assert crowd.findings.least["orders_told"] == 2
    assert crowd.findings.looked["orders_told"] == 2


@pytest.mark.parametrize(
    ("room_is_there", "sentence"), [(False, b"Could not create room demo"), (True, b"Can't host")]
)
async def test_redis_that_refuses_writes_ends_in_a_sentence(
    full: Full, room_is_there: bool, sentence: bytes
) -> None:
    async with full as worker:
        if room_is_there:
            async with Rest(worker.url, token(HOST, Role.HOST)) as rest:
                await rest.create("demo", "慢直播")
        await full.refuse_writes()
        ran = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "client_sim", "--url", worker.url, "--secret", JWT_SECRET),
            *("--viewers", "3"),
            stderr=asyncio.subprocess.PIPE,
        )
        _, told = await ran.communicate()

    assert ran.returncode == 2
    assert sentence in told
    assert len(told.splitlines()) == 1


async def test_redis_that_begins_to_refuse_writes_fails_the_run(
    hasty: None, full: Full, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client_sim.reckoning.SETTLE_S_MAX", 0.5)
    monkeypatch.setattr("client_sim.reckoning.FRESH_S_MAX", 0.5)
    async with full as worker:
        crowd = Crowd(plan(worker.url, viewers=5, seconds=0.0))
        playing = asyncio.ensure_future(crowd.play_evening())
        await until(lambda: crowd.tally.replies.get("pin") is not None)
        await full.refuse_writes()
        await until(lambda: crowd.findings.failed["answered"] > 0)
        crowd.stop()
        with suppress(CannotRun):  # a sentence is fine, and a traceback is not
            await playing

    assert not crowd.findings.passed


async def test_a_command_without_an_answer_is_told_once_it_is_given_up(
    host: RoomClient, enter: Enter, cutter: Cutter
) -> None:
    findings = Findings()
    watched = Answers(findings)
    soon = replace(QUICK, reply_s_max=0.2, retry_s_max=0.1)
    ann = await enter("ann", url=cutter.url, observer=watched, options=soon)
    await ann.like(1)
    assert findings.looked["answered"] == 1

    cutter.swallowing = True
    with pytest.raises(Unanswered):
        await ann.like(1)

    assert findings.failed["answered"] == 1
    assert "ann: `like` came to nothing: No reply to `like`" in findings.sentences["answered"][0]


async def test_a_command_lost_with_its_connection_is_no_fault_of_the_server(
    host: RoomClient, enter: Enter, cutter: Cutter
) -> None:
    findings = Findings()
    ann = await enter("ann", url=cutter.url, observer=Answers(findings))
    cutter.swallowing = True
    liking = asyncio.ensure_future(ann.like(1))
    await asyncio.sleep(0)
    cutter.cut()

    with pytest.raises(Unanswered):
        await liking
    assert findings.failed["answered"] == 0


async def test_a_rule_that_refuses_is_an_answer(host: RoomClient, enter: Enter) -> None:
    findings = Findings()
    ann = await enter("ann", observer=Answers(findings))

    with pytest.raises(CommandRefused):
        await ann.buy("no-sale")

    assert (findings.looked["answered"], findings.failed["answered"]) == (1, 0)


def book() -> OrderBook:
    made = OrderBook("ann", Findings())
    made.joined([])
    return made


def test_an_order_is_told_by_an_event_or_a_join_and_not_by_its_reply() -> None:
    for tell in (OrderBook.told, lambda book, one: book.joined([one])):
        orders = book()
        held = order()
        orders.answered({"op": "buy", "key": "k"}, {"t": "ok", "order": held})
        orders.ended([held])
        assert "no event ever told" in orders.untold()[0]

        tell(orders, held)
        assert orders.untold() == []


def test_the_last_state_that_was_told_has_to_be_the_one_listed_or_a_later_one() -> None:
    orders = book()
    held, paid = order(), order(status="paid")
    paid["updated"] = held["updated"] + 1
    orders.told(held)
    orders.ended([paid])
    assert "was last told as held" in orders.untold()[0]

    orders.told(paid)
    assert orders.untold() == []
    orders.ended([held])
    assert orders.untold() == [], "it has moved on since it was listed"


def test_too_few_looks_fail_and_the_report_says_how_many_were_due() -> None:
    findings, tally = Findings(), Tally()
    for _ in range(3):
        tally.answered({"op": "buy"}, {"t": "ok"}, 0.001)
    findings.looked.update({"one_key_one_order": 2, "host_agrees": 2, "figures_agree": 3})
    findings.looked.update({"answered": 3, "orders_forward": 3})

    findings.expect(due(tally, Record(), CommunityRecord(), present=0, orders=0))

    assert findings.failed == Counter({"one_key_one_order": 1})
    text = report("Room r", tally, findings, [], [])
    assert "the checks: looked 2 times, 3 were due" in text
    assert "at least" in text


def test_acts_of_a_community_have_to_be_looked_at() -> None:
    record, tally = CommunityRecord(), Tally()
    record.polls["p"] = {"poll": "p", "status": "closed"}
    record.luckies["l"] = {"lucky": "l", "status": "drawn"}
    tally.answered({"op": "coupon.claim"}, {"t": "ok"}, 0.001)

    least = due(tally, Record(), record, present=0, orders=0)

    assert (least["votes_counted"], least["draws_check_out"], least["claims_kept"]) == (1, 3, 1)


@pytest.mark.parametrize(
    "url", ["rooms.example", "//rooms.example", "ws://a", "http://a:0", "http://"]
)
def test_an_address_that_is_none_is_refused_at_once(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--url", url, "--secret", JWT_SECRET]) == 2
    assert f"--url {url} is no address" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "value", "sentence"),
    [
        ("--seconds", "nan", "must be 0 or more"),
        ("--seconds", "inf", "must be 0 or more"),
        ("--seconds", "-1", "must be 0 or more"),
        ("--viewers", "-3", "must be at least 1"),
        ("--speed", "nan", "from 0.01 to 100"),
        ("--server-pid", "-1", "no such process"),
        ("--room", "a b/c", "can't name a room"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_sentence(
    flag: str, value: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([flag, value, "--secret", JWT_SECRET]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.splitlines()) == 1
