"""REST under /v1/hosts: a host's page, and their fan group."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.features.circles.group_ids import group_id
from server.features.circles.hosts import ROOMS_SHOWN_MAX, Group, Hosts, HostView
from server.features.groups.groups import GroupBody, Groups, MembersPage
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import (
    LISTED_MIN,
    LISTING,
    cursor_to,
    old_cursor_to,
    one_place,
    with_cursor,
)
from server.web.query import query_of
from server.web.route import Route

PER_PAGE_MAX = 500


class MembersQuery(Input, frozen=True):
    """Which members: those after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(LISTING)] = ""
    limit: Annotated[int, Meta(ge=LISTED_MIN, le=PER_PAGE_MAX)] = PER_PAGE_MAX
    after: Annotated[str, old_cursor_to(LISTING)] = ""


class HostRoutes:
    """The routes about hosts."""

    def __init__(self, hosts: Hosts, groups: Groups) -> None:
        self._hosts = hosts
        self._groups = groups

    def routes(self) -> list[Route]:
        """Every route with its types."""
        host, role = "/v1/hosts/{host}", Role.HOST
        return [
            Route(
                *("GET", host, "Read a host's page.", self.view),
                result=HostView,
                bound=f"the newest {ROOMS_SHOWN_MAX} rooms",
            ),
            Route(
                "PUT",
                f"{host}/group",
                "Make the host's fan group, or change it.",
                self.put_group,
                role,
                GroupBody,
                Group,
                about=group_id,
            ),
            Route(
                "GET",
                f"{host}/group/members",
                "Read the members of the fan group.",
                self.members,
                role,
                result=MembersPage,
                about=group_id,
                query=MembersQuery,
            ),
        ]

    async def view(self, request: web.Request) -> web.Response:
        """The public page of a host; the host and admins see their hidden rooms too."""
        host = request.match_info["host"]
        return json_response(await self._hosts.view(host, with_hidden=_is_own(request, host)))

    async def put_group(self, request: web.Request) -> web.Response:
        """The group as it is now; the same body again changes nothing."""
        who = caller(request)
        body = await body_of(request, GroupBody)
        return json_response(await self._groups.put(who, request.match_info["host"], body))

    async def members(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=500`: members in no order; one may come twice."""
        asked = query_of(request, MembersQuery)
        place = one_place(asked.cursor, asked.after, "after")
        page = await self._groups.members(request.match_info["host"], place, asked.limit)
        return json_response(with_cursor(request, page))


def _is_own(request: web.Request, host: str) -> bool:
    """Whether the host or an admin asks. The page is for everybody, so no token is no error."""
    try:
        who = caller(request)
    except CommandError:
        return False
    return who.role is Role.ADMIN or (who.role is Role.HOST and who.user == host)
