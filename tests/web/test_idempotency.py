"""Every POST that is sent twice with one Idempotency-Key is done once, and answered alike."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import aiohttp
import pytest
from redis.asyncio import Redis

import server.app
from server.house import keys_under
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings
from server.store import request_key
from server.store.room_store import RoomStore
from server.web import idempotency
from server.web.app import make_app
from server.web.idempotency import HEADER, KEY_CHARS_MAX
from server.web.route import Route
from server.web.session import Sessions
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api

pytestmark = [
    pytest.mark.blocking_allowed,  # a worker reads its scripts when it starts
    pytest.mark.long("starts two workers for each route"),
]

MUG = {"sku": "mug", "title": "青瓷杯", "price": 8900, "currency": "CNY"}
SALE = {"sku": "mug", "price": 7900, "stock": 3, "per_user": 2, "hold_s": 60}
POLL = {"op": "poll.open", "ref": 1, "question": "Cold?", "options": ["Yes", "No"]}
ORDER = "/v1/rooms/{room}/orders/{order}"
SALES = "/v1/rooms/{room}/sales"
PRICE = SALES + "/{sale}/price"
CANCEL = "/v1/rooms/{room}/cancel"
SENT: Mapping[str, tuple[Any, Any]] = {
    "/v1/rooms": ({"room": "new-{room}", "title": "x"}, {"room": "new-{room}-2", "title": "x"}),
    "/v1/rooms/{room}/live": ({"phase": "ended"}, {"phase": "live"}),
    CANCEL: ({"reason": "rain"}, {"reason": "snow"}),
    SALES: (SALE, SALE | {"stock": 4}),
    SALES + "/{sale}/close": (None, {}),
    SALES + "/{sale}/restock": ({"add": 4}, {"add": 5}),
    PRICE: ({"price": 6900}, {"price": 5900}),
    "/v1/rooms/{room}/stream-key": ({"renew": True}, {"renew": False}),
    "/v1/rooms/{room}/commands": (POLL, POLL | {"question": "Hot?"}),
    ORDER + "/return-request": ({"reason": "size"}, {"reason": "late"}),
    ORDER + "/return-answer": ({"accept": True}, {"accept": True, "restock": True}),
    ORDER + "/return": ({}, {"restock": True}),
    "/v1/rooms/{room}/rundown": (
        {"kind": "note", "title": "tea"},
        {"kind": "note", "title": "cup"},
    ),
    "/v1/rooms/{room}/prompts": ({"text": "louder"}, {"text": "slower"}),
    "/v1/rooms/{room}/events": ({"name": "goal", "data": 1}, {"name": "goal", "data": 2}),
}
"""Path of each route that takes a key -> a body that succeeds, and another one.

`{room}` is live, or not yet for CANCEL, has the mug on its shelf and the sale `{sale}`, of which
the host has paid the order `{order}` and, for an answer, asked to give it back."""
ELSEWHERE = {
    "/v1/merchants/{merchant}/allotments", "/v1/notes", "/v1/notes/{note}/comments",
    "/v1/rooms/{room}/note-draft",
}  # fmt: skip
"""What the records alone keep: `tests/records/test_allotments.py` and `test_notes.py` send it
twice."""
CREATES = "/v1/rooms"
BESIDE = ("requests", "requests_due", "nudge", "announcing", "awake", "woken", "asleep", "archived")
"""Keys that change beside a request: its memory, the steps of telling a start, who is awake, how
far the archive is."""
STEPS = (b":announcing", b":leaving", b":refunds", b":draws")
"""Keys that are there until the steps that follow a request are done."""
LASTING = ("timeline", "actions", "rooms")
every_route = pytest.mark.parametrize("path", SENT)


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    """A start is announced in a moment: what follows a request is soon done."""
    soon = {"announce_repeats": 1, "announce_repeat_s": 0.05}
    media = {"whip_url": "https://media.example/{path}/whip", "secret": "m" * 32}
    return make_settings(community=soon, orders={"sweep_lap_s": 0.2}, media=media)


@pytest.fixture
async def apis(web_settings: Settings) -> AsyncIterator[tuple[Api, Api]]:
    """Two workers of one store."""
    async with (
        running(web_settings, "w1") as first,
        running(web_settings, "w2") as second,
        aiohttp.ClientSession() as session,
    ):
        yield Api(session, web_settings, first.url), Api(session, web_settings, second.url)


class Post(NamedTuple):
    """A request that succeeds, its room, and a body that differs."""

    path: str
    body: Any
    other: Any
    room: str

    async def send(self, api: Api, key: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        headers = {HEADER: key}
        return await api.send("POST", self.path, body or self.body, headers=headers, **more)


async def a_post(api: Api, path: str) -> Post:
    """Make a room in which the route of this path can do its work."""
    room = f"r{secrets.token_hex(4)}"
    assert (await api.send("POST", "/v1/rooms", {"room": room, "title": "x"}))[0] == 201
    assert (await api.send("PUT", f"/v1/rooms/{room}/shelf/mug", MUG))[0] == 200
    if path != CANCEL:
        assert (await api.send("POST", f"/v1/rooms/{room}/live", {"phase": "live"}))[0] == 200
    kind = {"kind": "standing"} if path == PRICE else {}
    status, sale = await api.send("POST", f"/v1/rooms/{room}/sales", SALE | kind)
    assert status == 201
    named = {"room": room, "sale": sale["sale"]}
    if path.startswith(ORDER):
        named["order"] = order = await _a_paid_order(api, room, sale["sale"])
        if path.endswith("/return-answer"):
            asked = f"/v1/rooms/{room}/orders/{order}/return-request"
            assert (await api.send("POST", asked, {"reason": "size"}))[0] == 200
    body, other = (
        body and {k: v.format(**named) if k == "room" else v for k, v in body.items()}
        for body in SENT[path]
    )
    return Post(path.format(**named), body, other, room)


async def _a_paid_order(api: Api, room: str, sale: str) -> str:
    commands = f"/v1/rooms/{room}/commands"
    _, bought = await api.send("POST", commands, {"op": "buy", "ref": 1, "key": "k", "sale": sale})
    order = str(bought["order"]["order"])
    _, paid = await api.send("POST", commands, {"op": "pay", "ref": 2, "order": order})
    assert paid["order"]["status"] == "paid"
    return order


async def traces(redis: Redis, prefix: str) -> dict[bytes, bytes | None]:
    """All that is stored of rooms and hosts, byte for byte, but for BESIDE."""
    return {
        key: await redis.dump(key)
        async for key in redis.scan_iter(match=f"{prefix}:*")
        if b"{" in key and key.decode().rsplit(":", 1)[1] not in BESIDE
    }


async def traces_at_rest(redis: Redis, prefix: str) -> dict[bytes, bytes | None]:
    """The same, once what follows a request is done: its start is told, its questions are left."""
    async with asyncio.timeout(60):
        while [key async for key in redis.scan_iter(match=f"{prefix}:*") if key.endswith(STEPS)]:
            await asyncio.sleep(0.02)
    return await traces(redis, prefix)


async def lines(redis: Redis, prefix: str, room: str) -> dict[str, int]:
    """How many rooms there are, how many entries each stream of this one has, and how much is kept
    that no stream tells."""
    keys = keys_under(prefix)
    streams = ("events", "timeline", "actions", "ledger")
    found = {name: await redis.xlen(keys.room(room, name)) for name in streams}
    found["rundown"] = await redis.hlen(keys.room(room, "rundown"))
    found["prompts"] = await redis.llen(keys.room(room, "prompts"))
    return found | {"rooms": await redis.zcard(keys.rooms)}


async def test_every_post_takes_a_key_or_says_why_not(
    web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[Any, list[Route]]] = []

    def note(settings: Any, verifier: Any, routes: list[Route], *rest: Any) -> Any:
        all_routes = [*routes, *Sessions(settings, verifier).routes()]
        made.append((make_app(settings, verifier, routes, *rest), all_routes))
        return made[0][0]

    monkeypatch.setattr(server.app, "make_app", note)
    async with running(web_settings, "w1"):
        [(app, routes)] = made
    posts = {
        route.resource.canonical
        for route in app.router.routes()
        if route.method == "POST" and route.resource
    }
    keyed = {route.path for route in routes if route.method == "POST" and not route.no_key}
    reasons = {route.path for route in routes if route.no_key}

    assert posts - keyed - reasons == set(), "these POSTs neither take a key nor say why not"
    assert keyed - set(SENT) - ELSEWHERE == set(), "say in SENT how they are sent"
    assert set(SENT) - keyed == set(), "SENT has routes that take no key"
    assert reasons - posts == set(), "reasons for routes that are not there"


async def test_a_post_that_takes_no_key_says_so_instead_of_ignoring_it(
    apis: tuple[Api, Api],
) -> None:
    sent: tuple[str, str, Any] = ("POST", "/v1/outbox/replay", {})
    who: Any = {"user": "root", "role": Role.ADMIN, "headers": {HEADER: "k1"}}
    why = await apis[0].refused(400, "bad_message", *sent, **who)
    assert why.startswith("Leave out `Idempotency-Key`")
    assert (await apis[0].send(*sent, user="root", role=Role.ADMIN))[0] == 200


@every_route
async def test_the_same_request_is_done_once_and_answered_alike_by_every_worker(
    apis: tuple[Api, Api], redis: Redis, prefix: str, path: str
) -> None:
    post = await a_post(apis[0], path)
    first = await post.send(apis[0], "k1")
    after = await traces_at_rest(redis, prefix)

    again = [await post.send(api, "k1") for api in (*apis, apis[0])]

    assert 200 <= first[0] < 300, first
    assert again == [first] * 3
    assert await traces(redis, prefix) == after


@every_route
async def test_the_answer_stays_as_it_was_when_the_room_goes_on(
    apis: tuple[Api, Api], path: str
) -> None:
    post = await a_post(apis[0], path)
    first = await post.send(apis[0], "k1")
    room = post.body["room"] if path == CREATES else post.room
    title = {"sku": "tea", "title": "Tea", "price": 1, "currency": "CNY"}
    await apis[1].send("PUT", f"/v1/rooms/{room}/shelf/tea", title)
    for sale in (await apis[1].send("GET", f"/v1/rooms/{room}/sales"))[1]:
        await apis[1].send("POST", f"/v1/rooms/{room}/sales/{sale['sale']}/close")
    if path != "/v1/rooms/{room}/live":
        await apis[1].send("POST", f"/v1/rooms/{room}/live", {"phase": "live"})
        await apis[1].send("POST", f"/v1/rooms/{room}/live", {"phase": "ended"})

    assert await post.send(apis[1], "k1") == first


@every_route
async def test_of_many_at_once_one_is_done_and_all_get_its_answer(
    apis: tuple[Api, Api], redis: Redis, prefix: str, path: str
) -> None:
    alone, post = [await a_post(apis[0], path) for _ in "ab"]
    grown = []
    for each, copies in ((alone, 1), (post, 6)):
        room = each.body["room"] if path == CREATES else each.room
        await traces_at_rest(redis, prefix)
        before = await lines(redis, prefix, room)
        answers = await asyncio.gather(
            *(each.send(apis[n % 2], f"k{copies}") for n in range(copies))
        )
        await traces_at_rest(redis, prefix)
        after = await lines(redis, prefix, room)
        grown.append({name: after[name] - before[name] for name in after})
        assert all(answer == answers[0] for answer in answers)
        assert 200 <= answers[0][0] < 300, answers[0]

    if path == CANCEL:  # telling people of it takes steps of their own, in as many lines
        grown = [{name: n for name, n in each.items() if name in LASTING} for each in grown]
    assert sum(grown[0].values()) > 0
    assert grown[1] == grown[0]


@every_route
async def test_a_crash_between_doing_and_answering_does_not_do_it_twice(
    apis: tuple[Api, Api], redis: Redis, prefix: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await a_post(apis[0], path)
    run = RoomStore.run_script

    async def lost(self: RoomStore, name: str, room: str, args: Any, decoder: Any) -> Any:
        if args.get("step") == "keep":
            raise CommandError("unavailable", "The worker is gone.")
        return await run(self, name, room, args, decoder)

    with monkeypatch.context() as crash:
        crash.setattr(RoomStore, "run_script", lost)
        assert (await post.send(apis[0], "k1"))[0] == 503
    after = await traces_at_rest(redis, prefix)
    answers = [await post.send(apis[1], "k1") for _ in range(2)]

    assert 200 <= answers[0][0] < 300, answers[0]
    assert answers[1] == answers[0]
    assert await traces(redis, prefix) == after


@every_route
async def test_a_key_with_another_body_is_422_and_does_nothing(
    apis: tuple[Api, Api], redis: Redis, prefix: str, path: str
) -> None:
    post = await a_post(apis[0], path)
    await post.send(apis[0], "k1")
    after = await traces_at_rest(redis, prefix)

    headers = {HEADER: "k1"}
    said = await apis[1].refused(422, "key_reused", "POST", post.path, post.other, headers=headers)

    assert "take a new key" in said
    assert await traces(redis, prefix) == after


async def test_keys_are_apart_by_sender_and_path(apis: tuple[Api, Api]) -> None:
    api, _ = apis
    one, two = [await a_post(api, SALES) for _ in "ab"]
    sales = [
        await one.send(api, "k1"),
        await two.send(api, "k1"),
        await one.send(api, "k1", user="root", role=Role.ADMIN),
        await one.send(api, "k2"),
    ]

    assert [status for status, _ in sales] == [201] * 4
    assert len({sale["sale"] for _, sale in sales}) == 4


async def test_the_order_of_fields_and_quotes_around_the_key_make_no_other_request(
    apis: tuple[Api, Api],
) -> None:
    api, _ = apis
    post = await a_post(api, SALES)
    first = await post.send(api, "k-1")

    assert await post.send(api, '"k-1"', dict(reversed(SALE.items()))) == first


async def test_a_refusal_is_an_answer_too(apis: tuple[Api, Api], redis: Redis, prefix: str) -> None:
    api, _ = apis
    post = await a_post(api, SALES)
    tea = SALE | {"sku": "tea"}
    refused = await post.send(api, "k1", tea)
    await api.send("PUT", f"/v1/rooms/{post.room}/shelf/tea", MUG | {"sku": "tea"})

    assert (refused[0], refused[1]["error"]["code"]) == (404, "not_found")
    assert await post.send(api, "k1", tea) == refused
    assert (await post.send(api, "k2", tea))[0] == 201


async def test_a_request_that_was_never_judged_leaves_its_key_free(apis: tuple[Api, Api]) -> None:
    api, _ = apis
    post = await a_post(api, SALES)
    headers = {HEADER: "k1"}
    for body in (SALE | {"stock": 0}, SALE | {"hold_s": 1}):
        assert (await post.send(api, "k1", body))[0] in (400, 409)
    await api.refused(403, "forbidden", "POST", post.path, SALE, user="h2", headers=headers)

    assert (await post.send(api, "k1"))[0] == 201


@pytest.mark.parametrize(
    "key", ["", '""', "a b", '"a', "ключ", "x" * (KEY_CHARS_MAX + 1), '"a";p=1'], ids=ascii
)
async def test_a_key_that_is_none_is_refused_before_anything_is_done(
    apis: tuple[Api, Api], key: str
) -> None:
    api, _ = apis
    post = await a_post(api, SALES)
    said = await api.refused(
        400,
        "bad_message",
        "POST",
        post.path,
        SALE,
        headers={HEADER: key.encode("utf-8").decode("latin-1")},
    )

    assert f"1 to {KEY_CHARS_MAX} visible ASCII" in said
    assert len((await api.send("GET", post.path))[1]) == 1


async def test_two_keys_are_refused(apis: tuple[Api, Api]) -> None:
    api, _ = apis
    post = await a_post(api, SALES)
    token = ("Authorization", f"Bearer {api.token('h1', Role.HOST)}")
    headers = [token, (HEADER, "a"), (HEADER, "b")]
    async with api.session.post(api.url + post.path, json=SALE, headers=headers) as response:
        assert response.status == 400


async def test_requests_are_forgotten_after_a_day_and_not_before(
    apis: tuple[Api, Api], redis: Redis, prefix: str
) -> None:
    api, _ = apis
    post = await a_post(api, SALES)
    first = await post.send(api, "k1")
    key = keys_under(prefix).room(post.room, "requests_due")
    now_s, _ = await redis.time()
    due: Any = await redis.zrange(key, 0, -1, withscores=True)

    assert min(score for _, score in due) >= (now_s + 86_400 - 60) * 1000
    assert await redis.ttl(key) > 86_400 - 60
    for member, _ in due:
        await redis.zadd(key, {member: 1})
    assert (await post.send(api, "k2"))[0] == 201  # forgets the others on its way
    assert (await post.send(api, "k1"))[1]["sale"] != first[1]["sale"]


async def test_beyond_the_most_requests_of_a_day_a_new_key_waits(
    apis: tuple[Api, Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, _ = apis
    post = await a_post(api, SALES)
    monkeypatch.setattr(idempotency, "ANSWERS_MAX", 2)
    first = await post.send(api, "k1")
    said = await api.refused(429, "rate_limited", "POST", post.path, SALE, headers={HEADER: "k2"})

    assert "nothing was done" in said
    assert await post.send(api, "k1") == first
    assert request_key.ANSWERS_MAX > 1000


async def heard(api: Api, room: str, user: str, key: str, role: Role = Role.VIEWER) -> int:
    """The status of a command with a key, which anybody may send as often as they like."""
    path, body = f"/v1/rooms/{room}/commands", {"op": "orders", "ref": 1}
    return (await api.send("POST", path, body, user=user, role=role, headers={HEADER: key}))[0]


async def test_viewers_keep_neither_each_other_nor_the_host_from_keys(
    apis: tuple[Api, Api], redis: Redis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may fill the memory of a room: so each viewer has a share of what is free, and all
    have no more than leaves as much for the host and other servers."""
    api, _ = apis
    post = await a_post(api, SALES)
    monkeypatch.setattr(idempotency, "SHARE", 1 / 2)
    monkeypatch.setattr(idempotency, "ANSWERS_MAX", 4)

    assert [await heard(api, post.room, "ann", key) for key in "aba"] == [200] * 3
    assert await heard(api, post.room, "ann", "c") == 429
    other_host = [await heard(api, post.room, "h2", key, Role.HOST) for key in "ab"]
    assert other_host == [200, 429]
    assert [await heard(api, post.room, user, "a") for user in ("bob", "cyd")] == [200, 429]
    assert (await post.send(api, "k1"))[0] == 201
    shop = [await heard(api, post.room, "shop", key, Role.ADMIN) for key in "abc"]
    assert shop == [200, 200, 429]  # the host's request has two

    key = keys_under(prefix).room(post.room, "requests_due")
    due: Any = await redis.zrange(key, 0, -1)
    await redis.zadd(key, dict.fromkeys(due, 1))
    assert [await heard(api, post.room, user, "d") for user in ("ann", "cyd")] == [200] * 2
    assert (await post.send(api, "k2"))[0] == 201


async def test_without_a_key_everything_is_as_before(apis: tuple[Api, Api]) -> None:
    api, _ = apis
    post = await a_post(api, SALES)
    two = [await api.send("POST", post.path, SALE) for _ in "ab"]

    assert two[0][1]["sale"] != two[1][1]["sale"]


async def test_the_openapi_document_says_which_posts_take_a_key(apis: tuple[Api, Api]) -> None:
    document = (await apis[0].send("GET", "/v1/openapi.json", user=None))[1]
    keyed = {
        path
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if any(p["name"] == HEADER and p["in"] == "header" for p in operation["parameters"])
        and method == "post"
    }

    assert keyed == set(SENT) | ELSEWHERE
