"""REST under /v1/me: what a user has here, and their sign-out everywhere."""

from aiohttp import web
from msgspec import Struct, structs

from server.features.me.addresses import Address, AddressBody, Addresses
from server.features.me.own_orders import OwnOrders
from server.features.me.tie_book import LISTED_MAX, Followed, Membership, Reserved, TieBook
from server.features.purchases.purchases import Purchases, PurchasesPage
from server.features.purchases.routes import PurchasesQuery
from server.features.ties.ties import ClaimedCoupon
from server.protocol.fields import Id
from server.protocol.roles import Role
from server.store.sign_outs import SignOuts
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import with_cursor
from server.web.path import part_of_path
from server.web.query import query_of
from server.web.route import Route
from server.web.session import forget_cookie


class Me(Struct, kw_only=True):
    """A user with what they have here: how many orders and addresses, and their ties."""

    user: str
    name: str
    role: Role
    orders: int
    addresses: int
    follows: list[Followed]
    reservations: list[Reserved]
    groups: list[Membership]
    coupons: list[ClaimedCoupon]


class AddressList(Struct):
    """A user's address book."""

    addresses: list[Address]


class SignedOut(Struct):
    """From when on tokens are accepted again: those issued after `at` (Unix ms)."""

    at: int


class MeRoutes:
    """The routes about the caller."""

    def __init__(
        self,
        purchases: Purchases,
        orders: OwnOrders,
        ties: TieBook,
        addresses: Addresses,
        sign_outs: SignOuts,
    ) -> None:
        self._purchases = purchases
        self._orders = orders
        self._ties = ties
        self._addresses = addresses
        self._sign_outs = sign_outs

    def routes(self) -> list[Route]:
        """Every route with its types."""
        me, address, user = "/v1/me", "/v1/me/addresses/{address}", Role.VIEWER
        return [
            Route(
                "GET", me, "Read what you have here.", self.show, user, result=Me,
                bound=f"the newest {LISTED_MAX} of each kind",
            ),
            Route(
                "GET", f"{me}/orders", "Read your orders in all rooms.", self.orders, user,
                result=PurchasesPage, query=PurchasesQuery,
            ),
            Route(
                "GET", f"{me}/addresses", "Read your addresses.", self.addresses, user,
                result=AddressList, bound="`me.addresses_max`",
            ),
            Route(
                "PUT", address, "Write an address.", self.put_address, user, AddressBody, Address
            ),
            Route("DELETE", address, "Remove an address.", self.remove_address, user),
            Route(
                "POST", f"{me}/sign-out-everywhere", "Sign out everywhere.",
                self.sign_out_everywhere, user, result=SignedOut,
                no_key="signing out twice is signing out",
            ),
        ]  # fmt: skip

    async def show(self, request: web.Request) -> web.Response:
        """Answer with who you are, what you follow, where you reserved and belong, and your
        coupons."""
        who = caller(request)
        ties = await self._ties.of_user(who.user)
        used = await self._purchases.claims_of(who.user)
        return _private(
            Me(
                user=who.user,
                name=who.name,
                role=who.role,
                orders=await self._purchases.count_of(who.user),
                addresses=len(await self._addresses.of_user(who.user)),
                follows=ties.follows,
                reservations=[each for each in ties.reservations if who.may_enter(each.room)],
                groups=[each for each in ties.groups if who.may_enter(each.room)],
                coupons=[
                    structs.replace(each, order=used.get(each.claim, ""))
                    for each in ties.coupons
                    if who.may_enter(each.room)
                ],
            )
        )

    async def orders(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: your orders in the rooms of your token, the newest first."""
        who = caller(request)
        asked = query_of(request, PurchasesQuery)
        groups = [] if asked.cursor else await self._ties.groups_of(who.user)
        page = await self._orders.page(
            who.user, asked.cursor, asked.limit, rooms=who.rooms, groups=groups
        )
        return _private(with_cursor(request, page))

    async def addresses(self, request: web.Request) -> web.Response:
        """Your addresses, in the order in which you wrote them."""
        return _private(AddressList(await self._addresses.of_user(caller(request).user)))

    async def put_address(self, request: web.Request) -> web.Response:
        """The address as it is now; `{address}` is an id that you choose."""
        body = await body_of(request, AddressBody)
        id_ = _address_id(request)
        return _private(await self._addresses.put(caller(request).user, id_, body))

    async def remove_address(self, request: web.Request) -> web.Response:
        """Nothing, whether it was there or not."""
        await self._addresses.remove(caller(request).user, _address_id(request))
        return web.Response(status=204)

    async def sign_out_everywhere(self, request: web.Request) -> web.Response:
        """Refuse all your tokens issued so far, on every worker, and close your connections."""
        at = await self._sign_outs.sign_out(caller(request).user)
        return forget_cookie(_private(SignedOut(at)))


def _private(body: object) -> web.Response:
    response = json_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def _address_id(request: web.Request) -> str:
    must = "An address's id has at most 64 letters, digits and `_.:@-`."
    return part_of_path(request, "address", Id, must)
