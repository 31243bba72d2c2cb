"""Holds each answer of a route to what the route declares, and so OpenAPI to the truth: its status,
its type, and that a list which takes a cursor answers with one."""

import logging
from http import HTTPStatus

from aiohttp import web

from server.web.paging import forgot_cursor
from server.web.route import Handler, Route

_log = logging.getLogger(__name__)


def with_declared_answer(route: Route) -> Handler:
    """Look at each answer of the route's handler; log one whose status or type is not declared, and
    a page of a list whose `next` is no cursor.

    It is sent all the same: what was asked for is done. The tests fail for such a line.
    """

    async def ask(request: web.Request) -> web.StreamResponse:
        response = await route.handler(request)
        if response.status < HTTPStatus.BAD_REQUEST:
            sent_as = "" if response.status == HTTPStatus.NO_CONTENT else response.content_type
            if (response.status, sent_as) != (route.success, route.sent_as):
                _log.error(
                    "`%s %s` declares %s %s and was answered by %s %s.",
                    *(route.method, route.path, route.success, route.sent_as or "without a body"),
                    *(response.status, sent_as or "without a body"),
                )
            if forgot_cursor(request, route.query, response):
                _log.error(
                    "`%s %s` takes a `cursor` and answered without making one of its `next`: "
                    "answer through `server.web.paging.with_cursor`.",
                    *(route.method, route.path),
                )
        return response

    return ask
