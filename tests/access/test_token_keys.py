"""Keys that change while people come in: nobody good is refused, and nobody else gets in."""

import asyncio
import itertools
import math
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from server.access.auth import BadToken, TokenVerifier, mint
from server.access.token_keys import TokenKeys
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings
from tests.access.key_house import KeyHouse, SigningKey, jwks, key_house, segment, signing_key
from tests.conftest import MakeSettings
from tests.running import running
from tests.server.talk import talk

OLD, NEW, STRANGER = signing_key("old"), signing_key("new"), signing_key("stranger")
PATIENT = {"jwks_cooldown_s": 3600, "jwks_refresh_s": 3600}


@pytest.fixture
async def house() -> AsyncIterator[KeyHouse]:
    async with key_house(OLD) as shown:
        yield shown


def by_url(make_settings: MakeSettings, house: KeyHouse, **section: Any) -> Settings:
    return make_settings(
        jwt={"secret": None, "algorithm": "ES256", "jwks_url": house.url} | PATIENT | section
    )


def time_is_up(keys: TokenKeys) -> None:
    """The keys may be read again."""
    keys._began_at = -math.inf


async def refused(verifier: TokenVerifier, token: str) -> str:
    """The code with which a token is refused now."""
    try:
        await verifier.identify(token)
    except BadToken:
        return "bad_token"
    except CommandError as later:
        return later.code if later.retry_ms else "no time to wait"
    return ""


async def test_an_unknown_key_is_looked_for_once_and_its_token_waits(
    house: KeyHouse, make_settings: MakeSettings
) -> None:
    settings = by_url(make_settings, house)
    async with TokenKeys(settings) as keys:
        verifier = TokenVerifier(settings, keys=keys)
        assert (await verifier.identify(OLD.token())).user == "u1"
        assert house.asked == 1
        time_is_up(keys)
        house.show(OLD, NEW)
        house.may_answer.clear()
        house.was_asked.clear()
        waiting = [asyncio.create_task(verifier.identify(NEW.token(f"u{n}"))) for n in range(50)]
        await house.was_asked.wait()
        assert (await verifier.identify(OLD.token("meanwhile"))).user == "meanwhile"
        house.may_answer.set()
        assert [(await each).user for each in waiting] == [f"u{n}" for n in range(50)]
        assert house.asked == 2


async def test_strangers_do_not_have_the_keys_read_all_the_time(
    house: KeyHouse, make_settings: MakeSettings
) -> None:
    settings = by_url(make_settings, house)
    async with TokenKeys(settings) as keys:
        verifier = TokenVerifier(settings, keys=keys)
        tokens = [STRANGER.token(kid=f"k{n}") for n in range(200)]
        said = await asyncio.gather(*(refused(verifier, token) for token in tokens))
        # Whether there is such a key is not known before the next reading; nobody is let in.
        assert set(said) == {"unavailable"}
        assert house.asked == 1
        assert await refused(verifier, OLD.token()) == ""


async def test_a_key_that_was_looked_for_and_is_not_there_is_refused(
    house: KeyHouse, make_settings: MakeSettings
) -> None:
    settings = by_url(make_settings, house)
    async with TokenKeys(settings) as keys:
        verifier = TokenVerifier(settings, keys=keys)
        time_is_up(keys)
        assert await refused(verifier, STRANGER.token()) == "bad_token"
        assert house.asked == 2


async def test_a_key_that_is_taken_away_counts_no_more_though_its_token_was_remembered(
    house: KeyHouse, make_settings: MakeSettings
) -> None:
    settings = by_url(make_settings, house)
    async with TokenKeys(settings) as keys:
        verifier = TokenVerifier(settings, keys=keys)
        token = OLD.token()
        assert verifier.verify(token) is verifier.verify(token)
        house.show(NEW)
        time_is_up(keys)
        assert await refused(verifier, NEW.token()) == ""
        with pytest.raises(BadToken):
            verifier.verify(token)


def broken(house: KeyHouse, how: str) -> None:
    """Have the URL answer so; whatever it shows, STRANGER's key is in it."""
    house.show(STRANGER)
    if how in ("404", "500"):
        house.status = int(how)
    elif how == "elsewhere":
        house.status, house.headers = 302, {"Location": house.url + "?stranger"}
    elif how == "huge":
        house.body = jwks(STRANGER, {"x": "y" * 300_000})
    elif how == "packed":
        house.headers = {"Content-Encoding": "gzip"}
    elif how == "html":
        house.body = b"<html>" + house.body
    elif how == "none":
        house.body = jwks({"kty": "oct", "k": segment(b"x" * 32), "alg": "none"})
    elif how == "empty":
        house.body = jwks()
    elif how == "many":
        house.body = jwks(*[STRANGER] * 17)
    elif how == "too late":
        house.may_answer.clear()


BROKEN = [
    "404", "500", "elsewhere", "huge", "packed", "html", "none", "empty", "many", "too late",
]  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
async def test_while_the_url_is_broken_the_last_good_keys_count_and_no_others(
    how: str, house: KeyHouse, make_settings: MakeSettings
) -> None:
    settings = by_url(make_settings, house, jwks_timeout_s=0.3 if how == "too late" else 60)
    readings: list[str] = []
    async with TokenKeys(settings, readings.append) as keys:
        verifier = TokenVerifier(settings, keys=keys)
        broken(house, how)
        time_is_up(keys)
        assert await refused(verifier, STRANGER.token()) == "unavailable"
        assert await refused(verifier, OLD.token()) == ""
        assert readings == ["ok", "failed"]
        house.show(OLD, NEW)
        house.may_answer.set()
        time_is_up(keys)
        assert await refused(verifier, NEW.token()) == ""
        assert readings == ["ok", "failed", "ok"]


@pytest.mark.blocking_allowed
async def test_a_file_is_read_again_for_a_key_that_is_not_in_it(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(jwks(OLD))
    section = {"secret": None, "algorithm": "ES256", "public_key_file": str(file)} | PATIENT
    settings = make_settings(jwt=section)
    async with TokenKeys(settings) as keys:
        verifier = TokenVerifier(settings, keys=keys)
        file.write_bytes(jwks(OLD, NEW))
        time_is_up(keys)
        assert (await verifier.identify(NEW.token())).user == "u1"
        file.write_bytes(b"half a fi")
        time_is_up(keys)
        assert await refused(verifier, STRANGER.token()) == "unavailable"
        assert await refused(verifier, OLD.token()) == ""


async def ready(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(url + "/readyz") as response:
        return response.status, (await response.json()).get("why", "")


@pytest.mark.blocking_allowed  # a worker reads its scripts
async def test_a_worker_that_never_had_keys_lets_nobody_in_and_says_so(
    house: KeyHouse, make_settings: MakeSettings
) -> None:
    house.status = 503
    settings = by_url(make_settings, house, jwks_cooldown_s=0.1)
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        status, why = await ready(session, worker.url)
        assert status == 503
        assert why.startswith(f"jwt.jwks_url {house.url} answers with the status 503")
        bearer = {"Authorization": f"Bearer {OLD.token(role='host')}"}
        async with session.get(worker.url + "/v1/me", headers=bearer) as response:
            assert response.status == 503
            assert response.headers["Retry-After"]
        cookie = {"Cookie": f"liveroom_session={OLD.token()}"}
        async with session.get(worker.url + "/v1/session", headers=cookie) as response:
            assert response.status == 503
            assert "Set-Cookie" not in response.headers  # nobody is signed out by that
        house.show(OLD)
        while (await refused_at(session, worker.url, bearer)) == 503:
            await asyncio.sleep(0.05)
        assert await refused_at(session, worker.url, bearer) == 200
        assert not (await ready(session, worker.url))[1].startswith("jwt.")


async def refused_at(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> int:
    async with session.get(url + "/v1/me", headers=headers) as response:
        return response.status


class Crowd:
    """People who come in all the time, by socket and by HTTP, at several workers; each must get in.

    Like any client they send again what is `unavailable`. Strangers are among them."""

    def __init__(self, urls: list[str], session: aiohttp.ClientSession, key: SigningKey) -> None:
        self.urls = urls
        self.session = session
        self.key = key
        self.over = asyncio.Event()
        self.came: Counter[str] = Counter()
        """How many got in, by key; strangers were refused."""

    async def join(self, token: str, turn: int) -> str:
        """The outcome of a join."""
        async with talk(self.urls[turn % len(self.urls)]) as person:
            while True:
                reply = await person.join(token)
                if reply["t"] == "ok" or reply["code"] != "unavailable":
                    return str(reply.get("code", "ok"))
                await asyncio.sleep(reply["retry_ms"] / 1000)

    async def ask(self, token: str, turn: int) -> str:
        """The outcome of a request."""
        bearer = {"Authorization": f"Bearer {token}"}
        url = self.urls[turn % len(self.urls)] + "/v1/me"
        while True:
            async with self.session.get(url, headers=bearer) as response:
                if response.status == 200:
                    return "ok"
                problem = await response.json()
            if problem["code"] != "unavailable":
                return str(problem["code"])
            await asyncio.sleep(problem["retry_ms"] / 1000)

    async def people(self, number: int) -> None:
        """One after the other, with the key of the moment."""
        for turn in itertools.count():
            if self.over.is_set():
                return
            key, come = self.key, self.join if turn % 3 else self.ask
            token = key.token(f"p{number}-{turn}", name=f"P{turn}")
            assert await come(token, turn) == "ok", (key.kid, turn, come)
            self.came[str(key.kid)] += 1

    async def strangers(self) -> None:
        """Some name a key that nobody has, some one that others have."""
        for turn in itertools.count():
            if self.over.is_set():
                return
            token = STRANGER.token("h1", kid=f"evil-{turn}" if turn % 2 else "new")
            assert await self.join(token, turn) == "bad_token"
            self.came["stranger"] += 1

    async def until(self, who: str, many: int) -> None:
        """Wait until so many more came."""
        enough = self.came[who] + many
        while self.came[who] < enough:
            await asyncio.sleep(0.01)


@pytest.mark.blocking_allowed  # a worker reads its scripts
async def test_keys_change_while_people_join_and_no_good_token_is_refused(
    house: KeyHouse, make_settings: MakeSettings
) -> None:
    """Old, then both, then the new key alone, as an issuer rotates."""
    settings = by_url(make_settings, house, jwks_cooldown_s=0.2)
    async with (
        running(settings, "w1") as one,
        running(settings, "w2") as two,
        aiohttp.ClientSession() as session,
    ):
        host = {"Authorization": f"Bearer {OLD.token('h1', role='host')}"}
        room = {"room": "r1", "title": "Tea"}
        async with session.post(one.url + "/v1/rooms", json=room, headers=host) as made:
            assert made.status == 201
        crowd = Crowd([one.url, two.url], session, OLD)
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(crowd.people(number))
            group.create_task(crowd.strangers())
            await crowd.until("old", 30)
            house.show(OLD, NEW)
            crowd.key = NEW
            await crowd.until("new", 30)
            await crowd.until("stranger", 2)
            house.show(NEW)
            await crowd.until("new", 30)
            crowd.over.set()
        for turn in (0, 1):
            while await crowd.ask(OLD.token(), turn) == "ok":
                # a stranger has the keys read, and the old one is gone
                await crowd.join(STRANGER.token(), turn)
            assert await crowd.join(OLD.token(), turn) == "bad_token"


def test_tokens_of_development_name_the_audience_and_issuer_that_are_checked(
    make_settings: MakeSettings,
) -> None:
    section = {"audience": ["live"], "issuer": "https://shop"}
    settings = make_settings(jwt=section)
    token = mint(settings, "u1", Role.VIEWER)
    assert TokenVerifier(settings).verify(token).user == "u1"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["aud"], claims["iss"]) == ("live", "https://shop")
    assert claims["exp"] > time.time()
