"""REST under /v1/hosts: a host's page, and their fan group."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.features.circles.group_ids import group_id
from server.features.circles.hosts import Group, Hosts, HostView
from server.features.groups.groups import GroupBody, Groups, MembersPage
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.query import query_of
from server.web.route import Route


class MembersQuery(Input, frozen=True):
    """Which members: those after a place."""

    after: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{1,19}-[0-9A-Za-z]{1,64})?$(?!\n)",
            description="a place that an earlier page named",
        ),
    ] = ""


class HostRoutes:
    """The routes about hosts."""

    def __init__(self, hosts: Hosts, groups: Groups) -> None:
        self._hosts = hosts
        self._groups = groups

    def routes(self) -> list[Route]:
        """Every route with its types."""
        host, role = "/v1/hosts/{host}", Role.HOST
        return [
            Route("GET", host, "Read a host's page.", self.view, result=HostView),
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
        """`?after=`: a page of members after the place an earlier page named as `next`."""
        place = query_of(request, MembersQuery).after
        return json_response(await self._groups.members(request.match_info["host"], place))


def _is_own(request: web.Request, host: str) -> bool:
    """Whether the host or an admin asks. The page is for everybody, so no token is no error."""
    try:
        who = caller(request)
    except CommandError:
        return False
    return who.role is Role.ADMIN or (who.role is Role.HOST and who.user == host)
