"""The endpoints of webhooks over HTTP, for admins."""

import secrets
from typing import Any

from aiohttp import web
from msgspec import UNSET

from server.access.standard_webhooks import new_secret
from server.background.clock import unix_ms
from server.features.outbox.settings import OutboxSettings
from server.features.webhooks.bodies import (
    DeliveriesQuery,
    EndpointChange,
    EndpointCreate,
    Endpoints,
    EventReplay,
    ReplayedRooms,
    SecretRotate,
    ShownEndpoint,
    Tested,
    shown,
)
from server.features.webhooks.deliveries import DeliveriesPage, DeliveryLog, DeliveryState
from server.features.webhooks.endpoints import Endpoint, EndpointBook
from server.features.webhooks.events import known_kinds, test_event
from server.features.webhooks.networks import Networks
from server.features.webhooks.places import Behind, Delivery, PlaceBook
from server.features.webhooks.schemas import PATH as SCHEMAS
from server.features.webhooks.sender import Sender
from server.features.webhooks.settings import WebhookSettings
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms.ledger_lines import LineBook
from server.settings import Settings
from server.settings.masking import mask_url
from server.telemetry.metrics import Metrics
from server.web.body import body_of
from server.web.errors import json_response
from server.web.paging import with_cursor
from server.web.query import query_of
from server.web.route import Route

OF_SETTINGS = "settings"
"""The id under which the endpoint of `outbox.url` is listed."""


class WebhookRoutes:
    """Routes under /v1/webhooks and /v1/schemas."""

    def __init__(
        self,
        endpoints: EndpointBook,
        places: PlaceBook,
        log: DeliveryLog,
        sender: Sender,
        networks: Networks,
        lines: LineBook,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self._endpoints = endpoints
        self._places = places
        self._log = log
        self._sender = sender
        self._networks = networks
        self._kinds = known_kinds(lines)
        self._settings = settings
        self._metrics = metrics

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, admin = "/v1/webhooks", Role.ADMIN
        one = path + "/{webhook}"
        once = "the answer has a secret, which is not kept; name an `id`, and it is made once"
        again = "sent twice, it leaves the endpoint as it is after the first"
        return [
            Route(
                *("GET", path, "List webhooks.", self.all, admin),
                result=Endpoints,
                bound="`webhooks.endpoints_max`",
            ),
            Route(
                "POST", path, "Make a webhook; only this answer shows its secret.", self.make,
                admin, EndpointCreate, ShownEndpoint, no_key=once, status=201,
            ),
            Route("GET", one, "Read a webhook.", self.read, admin, result=ShownEndpoint),
            Route(
                "PATCH", one, "Change a webhook.", self.change,
                admin, EndpointChange, ShownEndpoint,
            ),
            Route("DELETE", one, "Delete a webhook and its log.", self.delete, admin),
            Route(
                "POST", f"{one}/pause", "Pause a webhook; what happens meanwhile waits.",
                self.pause, admin, result=ShownEndpoint, no_key=again,
            ),
            Route(
                "POST", f"{one}/resume", "Go on with a webhook that is paused or disabled.",
                self.resume, admin, result=ShownEndpoint, no_key=again,
            ),
            Route(
                "POST", f"{one}/rotate", "Give a webhook a new secret, shown in this answer.",
                self.rotate, admin, SecretRotate, ShownEndpoint,
                no_key="the answer has a secret, which is not kept; rotate once more for another",
            ),
            Route(
                "POST", f"{one}/replay", "Tell what happened since a time once more.",
                self.replay, admin, EventReplay, ReplayedRooms,
                no_key="an event keeps its id however often it is told",
            ),
            Route(
                "POST", f"{one}/test", "Send an event of the type `test` now.", self.test,
                admin, result=Tested, no_key="every test is an event of its own",
            ),
            Route(
                "GET", f"{one}/deliveries", "Read what became of events.", self.deliveries,
                admin, result=DeliveriesPage, query=DeliveriesQuery,
            ),
        ]  # fmt: skip

    async def all(self, _: web.Request) -> web.Response:
        """Every endpoint, that of the settings first."""
        behind = await self._places.behind()
        every = [shown(each, behind.get(each.id)) for each in await self._endpoints.all()]
        return json_response(Endpoints([*self._of_settings(), *every], unix_ms()))

    def _of_settings(self) -> list[ShownEndpoint]:
        outbox = self._settings.section(OutboxSettings)
        if not outbox.url:
            return []
        value = self._metrics.registry.get_sample_value
        lag_s = value("liveroom_outbox_lag_seconds") or 0.0
        behind = Behind(
            lines=int(value("liveroom_outbox_lines_waiting") or 0),
            failing=int(value("liveroom_outbox_rooms_failing") or 0),
            since=unix_ms() - int(lag_s * 1000) if lag_s else 0,
        )
        return [
            ShownEndpoint(
                id=OF_SETTINGS, url=mask_url(outbox.url), kinds=[], note="outbox.url",
                secret="***" if outbox.secret is not None else "", old_secret_until=0,
                state="active", reason="", made=0, changed=0, ok_at=0, behind=behind,
            )
        ]  # fmt: skip

    async def read(self, request: web.Request) -> web.Response:
        """One endpoint; its secret is masked."""
        name = request.match_info["webhook"]
        if name == OF_SETTINGS and (found := self._of_settings()):
            return json_response(found[0])
        endpoint = await self._endpoints.one(name)
        return json_response(shown(endpoint, (await self._places.behind()).get(name)))

    async def make(self, request: web.Request) -> web.Response:
        """Make an endpoint; it is told what happens from now on."""
        body, now = await body_of(request, EndpointCreate), unix_ms()
        if body.id == OF_SETTINGS:
            raise _is_of_settings()
        endpoint = Endpoint(
            id=body.id or f"wh_{secrets.token_hex(8)}",
            url=self._url(body.url),
            kinds=self._known(body.kinds),
            note=body.note,
            secret=new_secret(),
            old_secret="",
            old_until=0,
            state="active",
            reason="",
            made=now,
            changed=now,
            ok_at=0,
        )
        await self._endpoints.make(endpoint, self._settings.section(WebhookSettings).endpoints_max)
        return json_response(shown(endpoint, None, secret=endpoint.secret), 201)

    async def change(self, request: web.Request) -> web.Response:
        """Change the fields that the body names."""
        body = await body_of(request, EndpointChange)
        values: dict[str, Any] = {}
        if body.url is not UNSET:
            values["url"] = self._url(body.url)
        if body.kinds is not UNSET:
            values["kinds"] = self._known(body.kinds)
        if body.note is not UNSET:
            values["note"] = body.note
        return await self._changed(request, **values)

    async def _changed(self, request: web.Request, **values: Any) -> web.Response:
        endpoint = await self._endpoints.change(_name_of(request), **values)
        return json_response(shown(endpoint, (await self._places.behind()).get(endpoint.id)))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete an endpoint; what waits for it is told to nobody."""
        await self._endpoints.delete(_name_of(request))
        return web.Response(status=204)

    async def pause(self, request: web.Request) -> web.Response:
        """Tell it nothing more, after a post that is under way."""
        return await self._changed(request, state="paused", reason="")

    async def resume(self, request: web.Request) -> web.Response:
        """Go on where it stopped, at once."""
        endpoint = await self._endpoints.resume(_name_of(request))
        return json_response(shown(endpoint, (await self._places.behind()).get(endpoint.id)))

    async def rotate(self, request: web.Request) -> web.Response:
        """Replace the secret; the one before signs beside it for `overlap_s`."""
        body, name = await body_of(request, SecretRotate), _name_of(request)
        before, secret = await self._endpoints.one(name), new_secret()
        endpoint = await self._endpoints.change(
            name,
            secret=secret,
            old_secret=before.secret if body.overlap_s else "",
            old_until=unix_ms() + body.overlap_s * 1000 if body.overlap_s else 0,
        )
        return json_response(shown(endpoint, None, secret=secret))

    async def replay(self, request: web.Request) -> web.Response:
        """Tell the lines since a time again, those of rooms that left Redis too."""
        body, name = await body_of(request, EventReplay), _name_of(request)
        await self._endpoints.one(name)
        return json_response(ReplayedRooms(await self._places.replay(name, body.since)))

    async def test(self, request: web.Request) -> web.Response:
        """Post a test event, whatever the endpoint's state and kinds are."""
        endpoint = await self._endpoints.one(_name_of(request))
        event = test_event(f"evt_{secrets.token_hex(12)}", unix_ms(), endpoint.id)
        outcome = await self._sender.post(endpoint, event)
        delivery = Delivery(
            event=event.id, type=event.type, room="", n=0,
            state="given_up" if outcome.error else "ok", status=outcome.status,
            latency_ms=outcome.latency_ms, error=outcome.error,
        )  # fmt: skip
        await self._places.log_one(endpoint.id, delivery)
        return json_response(
            Tested(
                event=event.id,
                status=outcome.status,
                latency_ms=outcome.latency_ms,
                error=outcome.error,
            )
        )

    async def deliveries(self, request: web.Request) -> web.Response:
        """`?state=failing&cursor=&limit=20`: what became of events."""
        name, asked = _name_of(request), query_of(request, DeliveriesQuery)
        await self._endpoints.one(name)
        state: DeliveryState | None = None if asked.state == "all" else asked.state
        page = await self._log.page(name, state, asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    def _known(self, kinds: list[str]) -> list[str]:
        for kind in kinds:
            if kind not in self._kinds:
                raise CommandError(
                    "bad_message",
                    f"There are no events of the kind `{kind}`; GET {SCHEMAS} lists their types, "
                    "and the part of a type before a full stop stands for all of these.",
                )
        return sorted(set(kinds))

    def _url(self, text: str) -> str:
        return self._networks.checked_url(text, plain=self._settings.mode == "development")


def _name_of(request: web.Request) -> str:
    name = request.match_info["webhook"]
    if name == OF_SETTINGS:
        raise _is_of_settings()
    return name


def _is_of_settings() -> CommandError:
    return CommandError(
        "conflict",
        "The endpoint `settings` is made by outbox.url: change it there, and its outbox by "
        "/v1/outbox.",
    )
