"""The goods, notes and topics that the screens of the table are about (screens.py)."""

from typing import Any

import aiohttp

from server.background.clock import unix_ms
from server.protocol.roles import Role
from tests.browser.shop import HOST_NAME, Server, token
from tests.features.pictures.drawn import picture

A_DAY_MS = 86_400_000
MERCHANT = "screens-merchant"
OTHER = "screens-other"
"""A host who picks what the merchant offers."""
TOPIC = "screens-winter"
GOODS = {
    "shirt": {
        "title": "亚麻衬衫，宽松版",
        "tags": ["亚麻", "夏天"],
        "points": ["透气"],
        "flaws": ["容易皱"],
        "variants": [
            {"sku": "m", "price": 19900, "currency": "CNY", "options": {"尺码": "M"}, "stock": 40},
            {"sku": "l", "price": 20900, "currency": "CNY", "options": {"尺码": "L"}, "stock": 0},
        ],
    },
    "hat": {
        "title": "Straw hat with a name that goes on for quite a while",
        "tags": ["夏天"],
        "variants": [{"sku": "hat", "price": 8800, "currency": "EUR", "stock": 12}],
    },
}
OFFERS: dict[str, dict[str, Any]] = {
    "spring": {"goods": "shirt", "commission": 1500, "note": "样品可寄"},
    "hats": {"goods": "hat", "commission": 3000, "open_to": "invited"},
}
NOTE = {
    "title": "青瓷杯用了三个月，优点和缺点都说一说",
    "text": "釉面很润，握着不烫手。\n\n缺点：杯口有点薄，要轻放。",
    "tags": ["青瓷", "茶具"],
}
FEED: tuple[tuple[str, str, tuple[int, int]], ...] = (
    # author, title, size of the picture
    ("木木", "租房客厅改造：三千块能做到什么", (900, 1200)),
    ("Otto", "How I wash a wool scarf without ruining it", (1200, 900)),
    ("小北", "一个人的早餐", (900, 900)),
    ("Nora", "Ce que j’emporte pour trois jours à la montagne", (900, 1200)),
    ("阿布", "养猫家庭选沙发，看这一篇就够了", (1200, 900)),
)


async def send(
    server: Server, user: str, method: str, path: str, body: Any = None, *,
    role: Role = Role.VIEWER, name: str = "",
) -> Any:  # fmt: skip
    """A request of a user, with JSON or the bytes of a picture, and its answer."""
    headers = {"Authorization": f"Bearer {token(user, role, name)}"}
    sent = {"data": body} if isinstance(body, bytes) else {"json": body}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.request(method, path, **sent) as response,
    ):
        assert response.ok, await response.text()
        return await response.json() if response.content_type == "application/json" else None


async def _picture(server: Server, user: str, size: tuple[int, int]) -> str:
    sent = await send(server, user, "POST", "/v1/pictures", picture("JPEG", size))
    return str(sent["picture"])


async def write_notes(server: Server, owner: str, room: str) -> dict[str, str]:
    """A note of a host with pictures, goods, a room and a comment, a draft, and a feed of others'.

    Return `note` and `draft`.
    """
    pictures = [await _picture(server, owner, size) for size in ((900, 1200), (1200, 900))]
    note = NOTE | {"pictures": pictures, "rooms": [room], "goods": [{"host": owner, "sku": "mug"}]}
    ids = {}
    for name, body in (
        ("note", note | {"status": "public"}),
        ("draft", {"title": "还没写完", "status": "draft"}),
    ):
        written = await send(
            server, owner, "POST", "/v1/notes", body, role=Role.HOST, name=HOST_NAME
        )
        ids[name] = written["note"]
    await send(
        server, owner, "POST", f"/v1/notes/{ids['note']}/comments", {"text": "求链接"},
        role=Role.HOST, name=HOST_NAME,
    )  # fmt: skip
    for n, (author, title, size) in enumerate(FEED):
        user = f"screens-author-{n}"
        shown = [await _picture(server, user, size)]
        written = {"title": title, "tags": ["客厅"], "pictures": shown, "status": "public"}
        await send(server, user, "POST", "/v1/notes", written, name=author)
    return ids


async def show_a_topic(server: Server, names: dict[str, str]) -> str:
    """A topic with a room that is on, one that comes, one to watch again, and a note; return it.

    One of its rooms is featured on it.
    """
    things = [{"kind": "room", "id": names[name]} for name in ("evening", "soon", "replay")]
    things.append({"kind": "note", "id": names["note"]})
    topic = {"title": "冬天的客厅", "text": "十位主播，一个星期", "shown": True, "things": things}
    slot = {"thing": {"kind": "room", "id": names["lots"]}, "topic": TOPIC,
            "ends": unix_ms() + A_DAY_MS}  # fmt: skip
    for path, body in ((f"/v1/topics/{TOPIC}", topic), ("/v1/featured/screens", slot)):
        await send(server, "screens-admin", "PUT", path, body, role=Role.ADMIN)
    return TOPIC


async def offer_goods(server: Server, invited: str) -> None:
    """A merchant's goods and offers; a host picks one, asks for another, and is granted units.

    Another one is `invited` to an offer.
    """
    merchant, host = f"/v1/merchants/{MERCHANT}", f"/v1/hosts/{OTHER}"
    for name, goods in GOODS.items():
        await send(server, MERCHANT, "PUT", f"{merchant}/goods/{name}", goods, role=Role.HOST)
    for name, offer in OFFERS.items():
        body = offer | {"ends": unix_ms() + 30 * A_DAY_MS}
        await send(server, MERCHANT, "PUT", f"{merchant}/offers/{name}", body, role=Role.HOST)
    asked = {"merchant": MERCHANT, "offer": "hats", "text": "下周有一场草帽专场"}
    for path, body in (("picks", {"merchant": MERCHANT, "offer": "spring"}), ("requests", asked)):
        await send(server, OTHER, "POST", f"{host}/{path}", body, role=Role.HOST, name="Otto")
    invitation = {"host": invited, "offer": "hats", "text": "您的客厅专场很适合草帽，样品明天可寄"}
    await send(server, MERCHANT, "POST", f"{merchant}/requests", invitation, role=Role.HOST)
    grant = {"sku": "m", "host": OTHER, "units": 4, "until": unix_ms() + A_DAY_MS}
    await send(server, MERCHANT, "POST", f"{merchant}/allotments", grant, role=Role.HOST)
