"""The picture over HTTP: what to play, where to send, and what the media server asks us."""

import base64
import binascii
import hmac
from typing import Annotated
from urllib.parse import parse_qs

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from server.features.media.media import Media
from server.features.media.messages import StreamKey, StreamKeyOk
from server.features.media.settings import MediaSettings
from server.features.media.sources import PictureSources, SourceBook
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch
from server.web.body import body_of, bytes_of
from server.web.caller import caller
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.route import REF, Route

StreamKeyBody = fields_of(StreamKey)
_Text = Annotated[str, Meta(max_length=4096)]
_QUERY_FIELDS_MAX = 50


class PublishPlace(Struct, frozen=True):
    """Where a page sends the room's picture by WHIP, with `token` as the bearer token until then.

    In `url`, {host} stands for the name of the page's own host.
    """

    url: str
    token: str
    until: int


class MediaQuestion(Struct, frozen=True):
    """Body of `POST /v1/media/auth`: MediaMTX asks whether somebody may do something at a path."""

    action: Annotated[str, Meta(max_length=64)]
    path: Annotated[str, Meta(max_length=1024)] = ""
    user: _Text = ""
    password: _Text = ""
    token: _Text = ""
    query: _Text = ""
    protocol: Annotated[str, Meta(max_length=64)] = ""
    ip: Annotated[str, Meta(max_length=64)] = ""


class Admitted(Struct):
    """The media server lets them. It has no fields."""


class MediaRoutes:
    """The routes of the picture."""

    def __init__(
        self,
        media: Media,
        sources: SourceBook,
        directory: Directory,
        dispatch: Dispatch,
        settings: MediaSettings,
    ) -> None:
        self._media = media
        self._sources = sources
        self._directory = directory
        self._dispatch = dispatch
        self._settings = settings

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, host = "/v1/rooms/{room}", Role.HOST
        return [
            Route(
                "GET",
                f"{room}/picture",
                "Where the room's picture is played from.",
                self.picture,
                result=PictureSources,
                bound="one a way: WHEP, HLS, the room's own address, a frame",
            ),
            Route(
                "POST",
                f"{room}/picture/publish",
                "A place to send the room's picture to, for a short time.",
                self.publish,
                host,
                result=PublishPlace,
                no_key="each ticket is for one sending and is over soon",
            ),
            Route(
                "POST",
                f"{room}/stream-key",
                "The room's stream key, for programs such as OBS; made anew if the body says so.",
                self.stream_key,
                host,
                StreamKeyBody,
                StreamKeyOk,
            ),
            Route(
                "POST",
                "/v1/media/auth",
                "Whether somebody may send or get a picture: asked by the media server.",
                self.admit,
                body=MediaQuestion,
                result=Admitted,
                signed=True,
                no_key="asked twice it is answered twice",
                foreign="MediaMTX adds fields to its question as it likes; refused for one, nobody "
                "could send or get a picture.",
            ),
        ]

    async def picture(self, request: web.Request) -> web.Response:
        """The sources with their tokens, for whoever may enter the room."""
        room_id = request.match_info["room"]
        view = await self._directory.read(room_id)
        return _not_kept(self._sources.sources_of(view, is_staff=await self._is_staff(request)))

    async def _is_staff(self, request: web.Request) -> bool:
        try:
            who = caller(request)
        except CommandError:  # a guest
            return False
        return await self._directory.is_staff(who, request.match_info["room"])

    async def publish(self, request: web.Request) -> web.Response:
        """A ticket to send the picture, for the room's host."""
        room_id = request.match_info["room"]
        view = await self._directory.read(room_id)
        if view.kind != "stream":
            raise CommandError("conflict", "A fan group is a chat: it has no picture.")
        if view.phase == "ended":
            raise CommandError(
                "ended", "The stream of this room has ended: open a new room for the next one."
            )
        token, until = self._media.ticket("send", room_id)
        if not self._settings.whip_url:
            raise CommandError(
                "conflict", "The media server takes no pictures by WHIP: use a program such as OBS."
            )
        url = self._media.places.address(self._settings.whip_url, room_id)
        return _not_kept(PublishPlace(url, token, until))

    async def stream_key(self, request: web.Request) -> web.Response:
        """The stream key, as `stream_key` says it."""
        cmd = with_fields(StreamKey, await body_of(request, StreamKeyBody), REF)
        return _not_kept(await run_command(self._dispatch, request, cmd, StreamKeyOk))

    async def admit(self, request: web.Request) -> web.Response:
        """200 if they may; else 401 or another refusal, and the media server turns them away."""
        self._must_be_the_media_server(request)
        question = _read(await bytes_of(request))
        try:
            await self._admit(question)
        except CommandError as refused:
            self._media.note_refusal(question.action, question.path, refused)
            raise
        return json_response(Admitted())

    async def _admit(self, question: MediaQuestion) -> None:
        room_id = self._media.places.room_of(question.path)
        if question.action not in ("publish", "read", "playback"):
            raise CommandError(
                "forbidden", f"`{question.action}` is nothing that tickets of rooms are for."
            )
        if room_id is None:
            raise CommandError("not_found", f"No room has its picture at {question.path!r}.")
        token = _token_in(question)
        if question.action == "publish":
            await self._media.begin(room_id, token)
        else:
            self._media.must_get(room_id, token)

    def _must_be_the_media_server(self, request: web.Request) -> None:
        """It shows `media.secret` as the password of basic authentication: MediaMTX takes it from
        the address by which it asks, `https://mediamtx:SECRET@...`."""
        secret = self._settings.secret
        if secret is None or not self._settings.serves:
            raise CommandError("forbidden", "This server has no media server that could ask it.")
        said = _password_in(request.headers.get("Authorization", ""))
        if not hmac.compare_digest(said, secret.get_secret_value().encode()):
            raise CommandError(
                "bad_token",
                "Ask with media.secret as the password of basic authentication: MediaMTX has it in "
                "authHTTPAddress, https://mediamtx:SECRET@this-server/v1/media/auth.",
            )


def _not_kept(answer: Struct) -> web.Response:
    """An answer that has a secret in it: nobody on the way keeps it."""
    response = json_response(answer)
    response.headers["Cache-Control"] = "no-store"
    return response


def _read(body: bytes) -> MediaQuestion:
    try:
        return msgspec.json.decode(body, type=MediaQuestion)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CommandError("bad_message", f"The question can't be read: {error}.") from None


def _password_in(authorization: str) -> bytes:
    scheme, _, coded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(coded, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def _token_in(question: MediaQuestion) -> str:
    """The ticket or key: MediaMTX names what came as bearer token or password, and leaves what
    stands in the address of HLS or of a recording in `query`."""
    if question.token or question.password:
        return question.token or question.password
    try:
        return parse_qs(question.query, max_num_fields=_QUERY_FIELDS_MAX).get("token", [""])[0]
    except ValueError:  # more of them than anybody needs
        return ""
