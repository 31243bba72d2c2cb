"""The words and patterns of the whole server, over HTTP."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from server.features.rules.messages import WordAction
from server.features.rules.patterns import PATTERN_CHARS_MAX
from server.features.rules.server_words import Form, ServerWord, ServerWords
from server.protocol.input import Input
from server.protocol.roles import Role
from server.rooms.plain_text import shown_text
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route

WORDS_AT_ONCE_MAX = 100
WHY_CHARS_MAX = 200
PAGE_MAX = 500


class ServerWordsBody(Input, frozen=True, kw_only=True):
    """Body of `PUT /v1/words`: what all rooms refuse (`block`) or hold for review, and why."""

    words: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=PATTERN_CHARS_MAX)]],
        Meta(min_length=1, max_length=WORDS_AT_ONCE_MAX),
    ]
    form: Form = "word"
    action: WordAction
    why: Annotated[str, Meta(min_length=1, max_length=WHY_CHARS_MAX)]


class ServerWordsQuery(Input, frozen=True):
    """Which part of the list, the newest first: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(r"[0-9]{1,15}-w[0-9a-f]{16}")] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = 100


class ServerWordsPage(Struct, frozen=True):
    """Words of the server, the newest first, and how many there are of all. `next` is the `cursor`
    of the following page; null at the end."""

    words: list[ServerWord]
    total: int
    next: str | None = None


class ServerWordRoutes:
    """Routes under /v1/words."""

    def __init__(self, words: ServerWords) -> None:
        self._words = words

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, admin = "/v1/words", Role.ADMIN
        return [
            Route(
                "GET", path, "Read the words of all rooms.", self.page, admin,
                result=ServerWordsPage, query=ServerWordsQuery,
            ),
            Route(
                "PUT", path, "Block or hold words in all rooms.", self.put, admin,
                ServerWordsBody, ServerWordsPage,
            ),
            Route(
                "DELETE", f"{path}/{{word}}", "Let a word pass in all rooms.", self.remove, admin,
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: what was put here; the words of the server's file are not here."""
        asked = query_of(request, ServerWordsQuery)
        every = await self._words.all()
        found = [word for word in every if not asked.cursor or _place(word) > _read(asked.cursor)]
        shown = found[: asked.limit]
        after = shown[-1] if len(found) > asked.limit else None
        place = None if after is None else f"{after.at}-{after.id}"
        return json_response(with_cursor(request, ServerWordsPage(shown, len(every), place)))

    async def put(self, request: web.Request) -> web.Response:
        """Answer with what was put; on all workers it counts within a second."""
        body = await body_of(request, ServerWordsBody)
        why = shown_text("why", body.why, WHY_CHARS_MAX)
        by = caller(request).user
        put = await self._words.put(body.words, body.form, body.action, why, by)
        return json_response(ServerWordsPage(put, len(await self._words.all())))

    async def remove(self, request: web.Request) -> web.Response:
        """Nothing; the path has the word's id."""
        await self._words.remove(request.match_info["word"], caller(request).user)
        return web.Response(status=204)


def _place(word: ServerWord) -> tuple[int, str]:
    return -word.at, word.id


def _read(cursor: str) -> tuple[int, str]:
    at, _, id_ = cursor.partition("-")
    return -int(at), id_
