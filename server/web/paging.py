"""The one way in which lists are read page by page: `cursor` and `limit` asked, `next` answered.

A cursor is the place after which a page begins, as text that a client hands back unread. It holds
for the list that named it: with a tag that tells what this server wrote from what was changed
since. A list declares its cursor in its query, and the shape of its places:

    class BansQuery(Input, frozen=True):
        cursor: Annotated[str, cursor_to(r"[0-9]{1,15}")] = ""
        limit: ...

`query_of` returns the place in it; `with_cursor` makes the cursor of the next page.
"""

import base64
import binascii
import functools
import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, TypeVar, get_type_hints

from aiohttp import web
from msgspec import DecodeError, Meta, Struct, ValidationError, json, structs

from server.protocol.codes import CommandError
from server.protocol.input import Input

Page = TypeVar("Page", bound=Struct)

CURSOR_CHARS_MAX = 2000
BEGIN = "the `next` of an earlier page of the same list, or empty to begin"
_KEY = b"liveroom lists"
"""No secret: who forges a cursor reads what the same token may read anyway."""
_TAG_BYTES = 6
_IS_PAGED = web.RequestKey("is_paged", bool)
"""Where a request says that its answer's `next` is a cursor, or a place for the older way."""
LISTING = r"a[0-9a-f]{40}|s?[0-9]{1,20}-[0-9A-Za-z]{1,64}"
"""The shape of places in a hash that is listed by `_page.lua`."""
LISTED_MIN, LISTED_MAX = 20, 1000
"""Least and largest `limit` of such a list: HSCAN finds several fields at once."""
OFFSETS = r"[0-9]{1,7}"
"""The shape of places that are offsets."""
OLD = Meta(extra_json_schema={"deprecated": True})
"""Marks a parameter that is kept for clients of the versions before."""


class Places(NamedTuple):
    """The places that a query parameter names: their shape as a regular expression, and whether it
    also takes one as it is, which clients of the versions before do."""

    shape: str
    also_bare: bool = False


def cursor_to(shape: str) -> Meta:
    """Describe the `cursor` of a list whose places have this shape."""
    return Meta(max_length=CURSOR_CHARS_MAX, description=BEGIN, extra={"places": Places(shape)})


def old_cursor_to(shape: str) -> Meta:
    """Describe a parameter of another name that `cursor` replaces."""
    return Meta(
        max_length=CURSOR_CHARS_MAX,
        description=BEGIN,
        extra={"places": Places(shape, also_bare=True)},
        extra_json_schema={"deprecated": True},
    )


@functools.cache  # of the types that routes declare
def cursors_of(kind: type[Input]) -> Mapping[str, Places]:
    """Return the parameters of a query that are cursors."""
    found = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        for meta in getattr(hint, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.extra and "places" in meta.extra:
                found[name] = meta.extra["places"]
    return found


def place_in(request: web.Request, name: str, cursor: str, places: Places) -> str:
    """Return the place that a cursor names, empty to begin. Raises CommandError `bad_message` if
    no page of this list named it."""
    if not cursor:
        return ""
    place = _read(request.path, cursor)
    if place is None and places.also_bare:
        place = cursor
    if place is None or re.fullmatch(places.shape, place) is None:
        raise CommandError(
            "bad_message",
            f"`{name}` is none that this list named: take the `next` of a page as it is, or leave "
            "it out to begin.",
        )
    return place


class ListedQuery(Input, frozen=True):
    """Which part of a list in no order, of which one may come twice: about `limit` after the
    `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(LISTING)] = ""
    limit: Annotated[int, Meta(ge=LISTED_MIN, le=LISTED_MAX)] = 500


def with_cursor(request: web.Request, page: Page) -> Page:
    """Return the page with its `next`, a place, as the cursor that names it."""
    request[_IS_PAGED] = True
    place: Any = page.next  # type: ignore[attr-defined]  # every page has it
    if place is None:
        return page
    return structs.replace(page, next=_written(request.path, str(place)))


def pages_by_cursor(request: web.Request, *names: str) -> bool:
    """Whether a list that can also be read in an older way is to be read by cursor: its query has
    `cursor`, empty to begin, or another of these parameters."""
    by_cursor = not {"cursor", *names}.isdisjoint(request.query)
    if not by_cursor:
        request[_IS_PAGED] = True
    return by_cursor


class _Paged(Struct):
    next: Any = None


def forgot_cursor(request: web.Request, kind: type[Input], answer: web.StreamResponse) -> bool:
    """Whether a list that takes a cursor, by its query, answered with a `next` that is none: then
    nobody can ask for the page after it."""
    if "cursor" not in cursors_of(kind) or request.get(_IS_PAGED, False):
        return False
    if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return False
    try:
        return json.decode(answer.body, type=_Paged).next is not None
    except (ValidationError, DecodeError):
        return False  # a list alone, or no JSON


def offset_in(cursor: str, offset: int) -> int:
    """Return the offset that a cursor names, or the older parameter `offset`. Raises CommandError
    if both do."""
    return int(one_place(cursor, str(offset or ""), "offset") or 0)


def next_of(request: web.Request, page: Page, *names: str) -> Page:
    """Return the page as `with_cursor` does, or as it is if the list is read in the older way."""
    return with_cursor(request, page) if pages_by_cursor(request, *names) else page


def one_place(cursor: str, old: str, name: str) -> str:
    """Return the place that one of two parameters names. Raises CommandError if both do."""
    if cursor and old:
        raise CommandError("bad_message", f"Send `cursor` alone; `{name}` is its older name.")
    return cursor or old


def _written(of: str, place: str) -> str:
    said = place.encode()
    return _text(_tag(of, said) + said)


def _read(of: str, cursor: str) -> str | None:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        tag, said = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        # Several texts decode to the same bytes; only one of them was written.
        if tag != _tag(of, said) or _text(raw) != cursor:
            return None
        return said.decode()
    except (binascii.Error, ValueError):
        return None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _tag(of: str, said: bytes) -> bytes:
    whole = of.encode() + b"\n" + said
    return hashlib.blake2b(whole, digest_size=_TAG_BYTES, key=_KEY).digest()
