"""The picture: keys and tickets, who may send and get it, what pages play, what opens for it."""

import base64
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.features.media.media import Media
from server.features.media.messages import StreamKey, StreamKeyOk
from server.features.media.opening import opened_by
from server.features.media.places import Places
from server.features.media.settings import MediaSettings, check
from server.features.media.tickets import Tickets
from server.features.phases.messages import LiveEnd
from server.house import HOUSE
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings, SettingsError
from tests.conftest import MakeSettings
from tests.features.stage import Stage
from tests.replies import expect
from tests.rooms.rig import ROOM, Rig
from tests.running import running
from tests.web.api import Api

SECRET = "a secret of the media server, long enough"
MEDIA = {
    "whip_url": "https://media.example:8889/{path}/whip",
    "whep_url": "https://media.example:8889/{path}/whep",
    "hls_url": "https://media.example:8888/{path}/index.m3u8",
    "rtmp_url": "rtmps://media.example",
    "playback_url": "https://media.example:9996/",
    "secret": SECRET,
}
SETTINGS = {"media": MEDIA}


async def tell(stage: Stage) -> None:
    """A host makes a key, and a program sends the picture with it, twice after a cut."""
    made = expect(StreamKeyOk, await stage.do(StreamKey(ref=1, renew=True)))
    media: Media = stage.here.worker.running["media"].it
    await stage.step("the picture begins", media.begin(ROOM, made.key))
    await stage.step("asked again at once", media.begin(ROOM, made.key))


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    """A media server is named, and nothing waits for long."""
    return make_settings(media=MEDIA, hub={"tick_ms_min": 1}, bus={"publish_interval_ms": 1})


def media_of(here: Rig) -> Media:
    media: Media = here.worker.running["media"].it
    return media


# ---- keys and tickets

ids = st.from_regex(r"[A-Za-z0-9_.:@-]{1,64}", fullmatch=True).filter(
    lambda text: text not in (".", "..")
)
places = Places(MediaSettings(path_prefix="live"))


@given(ids)
def test_every_room_has_a_path_that_mediamtx_takes_and_that_leads_back(room_id: str) -> None:
    path = places.path_of(room_id)
    assert all(char.isascii() and (char.isalnum() or char in "_-./") for char in path)
    assert not {".", ".."} & set(path.split("/"))
    assert places.room_of(path) == room_id


@given(ids, ids)
def test_no_two_rooms_share_a_path(one: str, other: str) -> None:
    assert (places.path_of(one) == places.path_of(other)) == (one == other)


@pytest.mark.parametrize(
    "path", ["", "live", "live/", "live64/_", "live64/!", "other/r1", "live/a/b"]
)
def test_a_path_of_no_room_is_none(path: str) -> None:
    assert places.room_of(path) is None


def test_a_ticket_is_for_one_thing_in_one_room_until_its_end() -> None:
    now = 1000.0
    tickets = Tickets(SECRET, 60, lambda: now)
    ticket, until = tickets.ticket("send", "r1")

    assert until == 1_060_000
    assert ":" not in ticket  # MediaMTX would take it for a user's name and password
    assert tickets.is_ticket(ticket, "send", "r1")
    assert not tickets.is_ticket(ticket, "get", "r1")
    assert not tickets.is_ticket(ticket, "send", "r2")
    assert not Tickets(SECRET + "!", 60, lambda: now).is_ticket(ticket, "send", "r1")
    now = 1060.0
    assert not tickets.is_ticket(ticket, "send", "r1")


def test_nobody_makes_a_ticket_longer_or_a_key_of_it() -> None:
    tickets = Tickets(SECRET, 60, lambda: 1000.0)
    ticket, _ = tickets.ticket("send", "r1")
    key = tickets.key(7, "r1")
    rng = Random(1)

    assert not tickets.is_ticket(ticket.replace("1060", "9060"), "send", "r1")
    assert not tickets.is_ticket(key, "send", "r1")
    assert not tickets.is_key(ticket, 1060, "r1")
    assert not tickets.is_key(key, 8, "r1")
    assert not tickets.is_key(tickets.key(0, "r1"), 0, "r1")
    for text in ("", "send", "send..", "send.x.y", "send.٣.x", f"send.{'9' * 400}.x", "ä" * 40):
        assert not tickets.is_ticket(text, "send", "r1")
    for _ in range(200):
        at = rng.randrange(len(ticket))
        changed = ticket[:at] + chr(33 + rng.randrange(90)) + ticket[at + 1 :]
        assert tickets.is_ticket(changed, "send", "r1") == (changed == ticket)


async def test_a_key_counts_until_it_is_made_anew_and_only_in_its_room(here: Rig) -> None:
    media = media_of(here)
    none = expect(StreamKeyOk, await here.do(StreamKey(ref=1)))
    first = expect(StreamKeyOk, await here.do(StreamKey(ref=2, renew=True)))
    again = expect(StreamKeyOk, await here.do(StreamKey(ref=3)))

    assert (none.key, none.whip, none.rtmp) == ("", "", "")
    assert first.key == again.key
    assert first.whip == "https://media.example:8889/live/r1/whip"
    assert (first.rtmp, first.rtmp_key) == ("rtmps://media.example/live", f"r1?token={first.key}")
    await media.begin(ROOM, first.key)

    second = expect(StreamKeyOk, await here.do(StreamKey(ref=4, renew=True)))
    await media.begin(ROOM, second.key)
    with pytest.raises(CommandError, match="not its stream key now in force") as refused:
        await media.begin(ROOM, first.key)
    assert refused.value.code == "bad_token"


async def test_everybody_hears_once_that_a_picture_begins_and_a_stranger_is_not_heard(
    here: Rig,
) -> None:
    ann = await here.join("ann")
    media = media_of(here)
    ticket, _ = media.ticket("send", ROOM)

    at = await media.begin(ROOM, ticket)
    assert await media.begin(ROOM, ticket) == at
    for token in ("", "key.1.x", media.ticket("get", ROOM)[0], media.ticket("send", "r2")[0]):
        with pytest.raises(CommandError):
            await media.begin(ROOM, token)
    await here.notice("after")

    heard = await ann.until(lambda m: m["t"] == "notice")
    assert [(m["t"], m.get("at")) for m in heard] == [("picture", at), ("notice", None)]
    assert (await here.join("ben")).joined["room"]["picture"] == at


async def test_no_picture_begins_when_the_stream_is_over(here: Rig) -> None:
    media = media_of(here)
    ticket, _ = media.ticket("send", ROOM)
    await here.do(LiveEnd(ref=1))

    with pytest.raises(CommandError) as refused:
        await media.begin(ROOM, ticket)
    assert refused.value.code == "ended"
    with pytest.raises(CommandError) as refused:
        await here.do(StreamKey(ref=2, renew=True))
    assert refused.value.code == "ended"


# ---- over HTTP

ASKED = "/v1/media/auth"


@pytest.fixture
async def api(room_settings: Settings) -> AsyncIterator[Api]:
    async with running(room_settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, room_settings, worker.url)
        assert (await api.send("POST", "/v1/rooms", {"room": "r:1", "title": "Tea"}))[0] == 201
        yield api


def basic(password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'mediamtx:{password}'.encode()).decode()}"}


async def ask(api: Api, action: str, path: str, secret: str = SECRET, **more: str) -> int:
    """What the media server is answered; as MediaMTX 1.20 asks, with a field nobody here knows."""
    question = {
        "ip": "203.0.113.7",
        "user": "",
        "password": "",
        "token": "",
        "action": action,
        "path": path,
        "protocol": "webrtc",
        "id": None,
        "query": "",
        "userAgent": "OBS",
    }
    status, _ = await api.send("POST", ASKED, question | more, user=None, headers=basic(secret))
    return status


async def test_the_media_server_is_told_who_may_send_get_and_replay(api: Api) -> None:
    room = "/v1/rooms/r:1"
    path = "live64/cjox"
    _, place = await api.send("POST", f"{room}/picture/publish")
    _, staff = await api.send("GET", f"{room}/picture")
    _, early = await api.send("GET", f"{room}/picture", user=None)
    _, key = await api.send("POST", f"{room}/stream-key", {"renew": True})

    assert place["url"] == f"https://media.example:8889/{path}/whip"
    assert early["sources"] == []
    whep, hls = staff["sources"]
    assert (whep["kind"], whep["url"]) == ("whep", f"https://media.example:8889/{path}/whep")
    assert (hls["kind"], hls["url"]) == ("hls", f"https://media.example:8888/{path}/index.m3u8")
    get, send = whep["token"], place["token"]

    assert await ask(api, "read", path, token=get) == 200
    assert await ask(api, "read", path, query=f"a=1&token={get}") == 200
    assert await ask(api, "playback", path, password=get) == 200
    assert await ask(api, "publish", path, token=send) == 200
    assert await ask(api, "publish", path, token=key["key"]) == 200
    refused = {
        "no token": await ask(api, "publish", path),
        "a viewer's": await ask(api, "publish", path, token=get),
        "another room's": await ask(api, "publish", "live/r2", token=send),
        "a sender's": await ask(api, "read", path, token=send),
        "no room": await ask(api, "read", "somewhere/else", token=get),
        "no right of rooms": await ask(api, "api", path, token=get),
        "a stranger asks": await ask(api, "read", path, "not the secret of anybody", token=get),
        "too many fields": await ask(api, "read", path, query="&".join(["x=1"] * 99)),
    }
    assert refused == {
        "no token": 401,
        "a viewer's": 401,
        "another room's": 404,
        "a sender's": 401,
        "no room": 404,
        "no right of rooms": 403,
        "a stranger asks": 401,
        "too many fields": 401,
    }


async def test_only_the_rooms_host_sends_and_sees_its_key(api: Api) -> None:
    for path in ("picture/publish", "stream-key"):
        body: Any = {} if path == "stream-key" else None
        send = ("POST", f"/v1/rooms/r:1/{path}", body)
        assert await api.refused(403, "forbidden", *send, user="ann", role=Role.VIEWER)
        assert await api.refused(403, "forbidden", *send, user="h2", role=Role.HOST)
        assert await api.refused(401, "bad_token", *send, user=None)


async def test_after_the_stream_there_is_its_recording_and_nothing_more_is_taken(api: Api) -> None:
    room = "/v1/rooms/r:1"
    _, place = await api.send("POST", f"{room}/picture/publish")
    await api.send("POST", f"{room}/live", {"phase": "live"})
    assert (await api.send("GET", f"{room}/picture", user=None))[1]["at"] == 0
    await ask(api, "publish", "live64/cjox", token=place["token"])
    await api.send("POST", f"{room}/live", {"phase": "ended"})

    _, answer = await api.send("GET", f"{room}/picture", user=None)
    [recording] = answer["sources"]
    assert recording["kind"] == "recording"
    assert recording["url"] == "https://media.example:9996/get?path=live64/cjox&format=mp4"
    assert answer["at"] > 0
    assert await api.refused(409, "ended", "POST", f"{room}/picture/publish")


async def test_without_a_media_server_it_says_so(make_settings: MakeSettings) -> None:
    settings = make_settings()
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        _, none = await api.send("GET", "/v1/rooms/r1/picture")
        sentence = await api.refused(409, "conflict", "POST", "/v1/rooms/r1/picture/publish")
        await api.refused(403, "forbidden", "POST", ASKED, {"action": "read"}, user=None)
        page = await session.get(f"{worker.url}/host/r1")

    assert none == {"sources": [], "at": 0, "until": 0}
    assert "media.whip_url" in sentence
    assert "camera=()" in page.headers["Permissions-Policy"]


# ---- what opens in browsers, and what the settings refuse


async def test_pages_open_for_the_media_server_alone_and_the_console_for_the_camera(
    api: Api,
) -> None:
    async with (
        api.session.get(f"{api.url}/watch/r:1") as watch,
        api.session.get(f"{api.url}/host/r:1") as console,
    ):
        policies = {
            name: value
            for name, _, value in (
                part.partition(" ") for part in watch.headers["Content-Security-Policy"].split("; ")
            )
        }
        powers = [page.headers["Permissions-Policy"] for page in (watch, console)]

    assert policies["connect-src"].split()[-2:] == [
        *("https://media.example:8888", "https://media.example:8889")
    ]
    assert policies["media-src"] == (
        "'self' blob: https://media.example:8888 https://media.example:9996 https: http:"
    )
    assert powers == [
        "camera=(), geolocation=(), microphone=(), payment=()",
        "camera=(self), geolocation=(), microphone=(self), payment=()",
    ]


def test_named_origins_of_streams_are_all_that_is_played(make_settings: MakeSettings) -> None:
    opened = opened_by(make_settings(media=MEDIA | {"stream_origins": ("https://cdn.example",)}))
    assert not opened.media_from_anywhere
    assert "https://cdn.example" in opened.connect
    assert "https://cdn.example" in opened.media


def test_an_origin_by_the_pages_own_host_needs_one() -> None:
    opened = HOUSE.opened(HOUSE.settings_model())
    assert opened.sources(["http://{host}:9", "https://a.example"], "live.example") == (
        " http://live.example:9 https://a.example"
    )
    assert opened.sources(["http://{host}:9"], "") == ""


@pytest.mark.parametrize(
    ("mode", "media", "said"),
    [
        ("development", {"whep_url": "https://m.example/{path}/whep"}, "LIVEROOM_MEDIA_SECRET"),
        ("production", {"relay": True}, "media.relay is for development"),
        ("development", {"relay": True} | MEDIA, "leave out one"),
    ],
)
def test_what_could_not_work_is_refused_at_the_start(
    make_settings: MakeSettings, mode: str, media: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        check(make_settings(mode=mode, media=media))


@pytest.mark.parametrize(
    ("field", "url"),
    [
        ("whep_url", "https://m.example;script-src/{path}/whep"),
        ("hls_url", "https://m.example,x/{path}"),
        ("whip_url", "https://host:password@m.example/{path}/whip"),
        ("playback_url", "https:///get"),
    ],
)
def test_an_address_that_pages_could_not_be_told_is_refused(
    make_settings: MakeSettings, field: str, url: str
) -> None:
    with pytest.raises((SettingsError, ValueError), match="which is no host"):
        make_settings(media=MEDIA | {field: url})
