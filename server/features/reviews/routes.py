"""Reviews over HTTP: for everybody, their authors, the owners of the goods, and the operator."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.access.auth import Identity
from server.features.reviews.review_book import OwnReviewsPage, ReviewBook, ReviewsPage
from server.features.reviews.reviews import (
    AnswerBody,
    HideBody,
    Owner,
    OwnReview,
    ReviewBody,
    Reviews,
)
from server.features.sending.parties import Parties
from server.protocol.input import Input
from server.protocol.roles import Role
from server.rooms.directory import Directory
from server.web.body import body_of, must_say_nothing
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route

_Cursor = Annotated[str, cursor_to(r"[0-9]{1,15}-[a-z0-9]{1,64}")]


class ReviewsQuery(Input, frozen=True):
    """Which part of a list, the newest first: `limit` after the `cursor` of an earlier page."""

    cursor: _Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class OwnerQuery(ReviewsQuery, frozen=True):
    """The same; with `unanswered` = 1 those without an answer."""

    unanswered: Annotated[int, Meta(ge=0, le=1)] = 0


class HiddenQuery(ReviewsQuery, frozen=True):
    """The same; with `hidden` = 1 those that nobody sees."""

    hidden: Annotated[int, Meta(ge=0, le=1)] = 0


class ReviewRoutes:
    """Everybody reads; who paid writes; the owner answers; the operator hides."""

    def __init__(
        self, reviews: Reviews, book: ReviewBook, parties: Parties, directory: Directory
    ) -> None:
        self._reviews = reviews
        self._book = book
        self._parties = parties
        self._directory = directory

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [*self._public(), *self._of_owner(), *self._of_operator()]

    def _public(self) -> list[Route]:
        return [
            Route(
                "GET", "/v1/hosts/{host}/products/{sku}/reviews", "Read the reviews of a product.",
                self.of_product, result=ReviewsPage, query=ReviewsQuery,
            ),
            Route(
                "GET", "/v1/merchants/{merchant}/goods/{goods}/reviews",
                "Read the reviews of goods.", self.of_goods, result=ReviewsPage, query=ReviewsQuery,
            ),
            Route(
                "GET", "/v1/hosts/{host}/reviews/shown",
                "Read what buyers say of all that a host sold.", self.of_host, result=ReviewsPage,
                query=ReviewsQuery,
            ),
            Route(
                "PUT", "/v1/rooms/{room}/orders/{order}/reviews/{sale}",
                "Review a line of an own order.", self.put, Role.VIEWER, ReviewBody, OwnReview,
            ),
            Route(
                "GET", "/v1/me/reviews", "Read your reviews.", self.of_user, Role.VIEWER,
                result=OwnReviewsPage, query=ReviewsQuery,
            ),
        ]  # fmt: skip

    def _of_owner(self) -> list[Route]:
        host, merchant = "/v1/hosts/{host}/reviews", "/v1/merchants/{merchant}/reviews"
        answer, member = "Answer a review of own goods, once.", self._is_member
        return [
            Route(
                "GET", host, "Read the reviews of a host's goods.", self.of_owner, Role.HOST,
                result=OwnReviewsPage, query=OwnerQuery,
            ),
            Route(
                "GET", merchant, "Read the reviews of a merchant's goods.", self.of_owner,
                Role.MERCHANT, result=OwnReviewsPage, query=OwnerQuery, admits=member,
            ),
            Route(
                "POST", f"{host}/{{review}}/answer", answer, self.answer, Role.HOST, AnswerBody,
                OwnReview, no_key="a review is answered once",
            ),
            Route(
                "POST", f"{merchant}/{{review}}/answer", answer, self.answer, Role.MERCHANT,
                AnswerBody, OwnReview, no_key="a review is answered once", admits=member,
            ),
        ]  # fmt: skip

    def _of_operator(self) -> list[Route]:
        once = "hiding twice is hiding"
        return [
            Route(
                "GET", "/v1/reviews", "Read the reviews of all rooms.", self.of_all, Role.ADMIN,
                result=OwnReviewsPage, query=HiddenQuery,
            ),
            Route(
                "POST", "/v1/reviews/{review}/hide", "Hide a review.", self.hide, Role.ADMIN,
                HideBody, OwnReview, no_key=once,
            ),
            Route(
                "POST", "/v1/reviews/{review}/show", "Show a review again.", self.show, Role.ADMIN,
                result=OwnReview, no_key=once,
            ),
        ]  # fmt: skip

    async def of_product(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: what buyers say of a host's product; with those of the versions it
        replaces, and of the goods it is a variant of, whoever sold them."""
        asked, at = query_of(request, ReviewsQuery), request.match_info
        page = self._book.of_product(at["host"], at["sku"], asked.cursor, asked.limit)
        return json_response(with_cursor(request, await page))

    async def of_goods(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: what buyers say of a merchant's goods, whoever sold them."""
        asked, at = query_of(request, ReviewsQuery), request.match_info
        page = self._book.of_goods(at["merchant"], at["goods"], asked.cursor, asked.limit)
        return json_response(with_cursor(request, await page))

    async def of_host(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: what buyers say of what the host sold, whosever goods these were."""
        asked = query_of(request, ReviewsQuery)
        page = self._book.of_host(request.match_info["host"], asked.cursor, asked.limit)
        return json_response(with_cursor(request, await page))

    async def put(self, request: web.Request) -> web.Response:
        """One a line, of what is paid and not returned; it can be changed for a time."""
        at, who = request.match_info, caller(request)
        body = await body_of(request, ReviewBody)
        order = await self._parties.own_order(who, at["room"], at["order"])
        host = await self._directory.host_of(at["room"])
        return _private(await self._reviews.put(order, host, at["sale"], body))

    async def of_user(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: what you wrote, hidden ones with the reason."""
        asked = query_of(request, ReviewsQuery)
        page = await self._book.of_user(caller(request).user, asked.cursor, asked.limit)
        return _private(with_cursor(request, page))

    async def of_owner(self, request: web.Request) -> web.Response:
        """`?unanswered=1&cursor=&limit=20`: what buyers say of the own goods."""
        asked = query_of(request, OwnerQuery)
        page = self._book.of_owner(
            _owner(request), asked.cursor, asked.limit, unanswered=bool(asked.unanswered)
        )
        return _private(with_cursor(request, await page))

    async def answer(self, request: web.Request) -> web.Response:
        """The review with the answer, which stays as it is."""
        body = await body_of(request, AnswerBody)
        review = request.match_info["review"]
        return _private(await self._reviews.answer(_owner(request), review, body.text))

    async def of_all(self, request: web.Request) -> web.Response:
        """`?hidden=1&cursor=&limit=20`: those that nobody sees, or all others."""
        asked = query_of(request, HiddenQuery)
        page = self._book.of_all(asked.cursor, asked.limit, hidden=bool(asked.hidden))
        return _private(with_cursor(request, await page))

    async def hide(self, request: web.Request) -> web.Response:
        """Only its author and the owner of the goods go on seeing it, with the reason; the page of
        the product says how many are hidden."""
        body = await body_of(request, HideBody)
        review, by = request.match_info["review"], caller(request).user
        return _private(await self._reviews.hide(review, body.reason, by))

    async def show(self, request: web.Request) -> web.Response:
        """Everybody sees it again."""
        await must_say_nothing(request)
        review, by = request.match_info["review"], caller(request).user
        return _private(await self._reviews.hide(review, "", by))

    async def _is_member(self, who: Identity, request: web.Request) -> bool:
        return await self._parties.is_member(who, request.match_info["merchant"])


def _owner(request: web.Request) -> Owner:
    return Owner(request.match_info.get("host", ""), request.match_info.get("merchant", ""))


def _private(body: object) -> web.Response:
    response = json_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response
