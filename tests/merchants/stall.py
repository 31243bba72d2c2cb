"""What a merchant does over HTTP."""

from typing import Any

from server.background.clock import unix_ms
from server.protocol.roles import Role
from tests.web.api import Api

GOODS = "/v1/merchants/m1/goods"
STOCK = "/v1/merchants/m1/skus/{}/stock"
SHIRT = {
    "title": "Linen shirt",
    "tags": ["linen", "summer"],
    "points": ["cool"],
    "flaws": ["creases"],
    "proofs": [{"label": "OEKO-TEX", "number": "19.HCN.1", "url": "https://oeko-tex.com/x"}],
    "variants": [
        {"sku": "shirt-m", "price": 19900, "currency": "CNY", "options": {"size": "M"}, "stock": 5},
        {
            "sku": "shirt-l", "price": 20900, "currency": "CNY", "options": {"size": "L"},
            "weight": 250, "image": "https://img.example/l.jpg",
        },
    ],
}  # fmt: skip


HOST: dict[str, Any] = {"user": "h1", "role": Role.HOST}
OFFERS = "/v1/merchants/m1/offers"
PICKS = "/v1/hosts/h1/picks"
HOST_REQUESTS = "/v1/hosts/h1/requests"
M1_REQUESTS = "/v1/merchants/m1/requests"
DAY_MS = 86_400_000


def an_offer(**more: Any) -> dict[str, Any]:
    """Shirts, at 20 percent, for a week."""
    return {"goods": "shirt", "commission": 2000, "ends": unix_ms() + 7 * DAY_MS} | more


class Stall(Api):
    """The API as the merchant m1, unless a test says otherwise."""

    role = Role.MERCHANT

    async def send(
        self, method: str, path: str, body: Any = None, *, user: str | None = "m1",
        role: Role = Role.MERCHANT, **more: Any,
    ) -> tuple[int, Any]:  # fmt: skip
        return await super().send(method, path, body, user=user, role=role, **more)

    async def got(self, status: int, *args: Any, **more: Any) -> Any:
        """Send a request that must be answered so; the body."""
        got, body = await self.send(*args, **more)
        assert got == status, body
        return body

    async def sent_file(self, body: bytes | str, kind: str, query: str = "", **more: Any) -> Any:
        """Import a file; the result."""
        headers = {"Content-Type": kind}
        return await self.got(200, "PUT", GOODS + query, data=body, headers=headers, **more)

    async def refused_file(self, status: int, code: str, body: Any, kind: str) -> str:
        """Import a file that must be refused as a whole; the sentence."""
        headers = {"Content-Type": kind}
        return await self.refused(status, code, "PUT", GOODS, data=body, headers=headers)

    async def units(self, sku: str) -> tuple[int, int]:
        """(received, stock) of a variant."""
        page = await self.got(200, "GET", f"{GOODS}?q={sku}")
        [units] = [
            v["units"] for g in page["goods"] for v in g["variants"] if v["sku"] == sku
        ]  # fmt: skip
        return units["received"], units["stock"]

    async def offer(self, offer: str = "o", **more: Any) -> Any:
        """Offer the shirt, written first if it is not there."""
        await self.send("PUT", f"{GOODS}/shirt", SHIRT | {"version": 0})
        return await self.got(200, "PUT", f"{OFFERS}/{offer}", an_offer(**more))

    async def pick(self, offer: str = "o") -> Any:
        """Have the host h1 pick an offer of m1."""
        return await self.got(200, "POST", PICKS, {"merchant": "m1", "offer": offer}, **HOST)

    async def room(self, room: str = "r1", **more: Any) -> None:
        """Make a room of h1."""
        await self.got(201, "POST", "/v1/rooms", {"room": room, "title": "T"} | more, **HOST)

    async def shelf(self, room: str = "r1") -> dict[str, Any]:
        """The shelf of a room, by sku."""
        found = await self.got(200, "GET", f"/v1/rooms/{room}/shelf")
        return {each["sku"]: each for each in found}
