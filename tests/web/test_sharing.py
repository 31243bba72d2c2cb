"""What a link to a room or a host shows elsewhere, and a stream's start in a calendar."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.features.sharing.calendar import LINE_BYTES_MAX, escaped, folded_line
from server.features.sharing.first_view import amount_of
from server.protocol.roles import Role
from tests.web.api import Api
from tests.web.test_rest import SOON

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

EVIL = """</title><script>alert(1)</script>" onload='x' &amp; 青瓷"""
MUG = {"sku": "mug", "title": EVIL, "price": 8950, "currency": "CNY"}
COVER = "https://pictures.example/a.jpg?x=1&y=2"


class Head(HTMLParser):
    """The title, the properties, every other tag and all the text of a page's head, or of its
    body."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.title, self.properties, self.tags = "", dict[str, str](), set[str]()
        self.texts: list[str] = []
        self._at = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._at = tag
        self.tags.add(tag)
        found = dict(attrs)
        assert not [name for name in found if name.startswith("on")]
        if tag == "meta" and (name := found.get("property") or found.get("name")):
            self.properties[name] = found.get("content") or ""

    def handle_endtag(self, tag: str) -> None:
        self._at = ""

    def handle_data(self, data: str) -> None:
        self.title += data if self._at == "title" else ""
        self.texts.append(data)


async def make(api: Api, room: str, **more: Any) -> None:
    status, _ = await api.send("POST", "/v1/rooms", {"room": room, "title": EVIL} | more)
    assert status == 201


async def head_of(api: Api, path: str) -> Head:
    status, page = await api.send("GET", path, user=None)
    assert status == 200
    return Head(page.partition("<body")[0])


async def test_a_link_to_a_room_shows_title_cover_and_price_whatever_was_written(api: Api) -> None:
    await make(api, "r1", cover=COVER)
    await api.send("PUT", "/v1/rooms/r1/shelf/mug", MUG)

    head = await head_of(api, "/watch/r1?from=note:1")

    plain = await head_of(api, "/watch/nosuch")
    assert head.tags == plain.tags  # nothing that people wrote became an element
    assert (plain.title, "og:title" in plain.properties) == ("Liveroom", False)
    assert head.title == f"{EVIL} · Liveroom"
    shown = head.properties
    assert shown["og:title"] == EVIL
    assert shown["og:image"] == COVER
    assert shown["og:url"] == f"{api.url}/watch/r1"
    assert shown["og:description"] == shown["description"] == f"h1 · {EVIL} · CNY 89.50"
    assert (shown["product:price:amount"], shown["product:price:currency"]) == ("89.50", "CNY")


FIRST_VIEW = {"div", "p", "h1", "b", "a", "svg", "path", "span", "img", "ol", "li", "bdi", "style"}


async def test_a_room_is_seen_before_its_script_runs_whatever_was_written(api: Api) -> None:
    await make(api, "r1", cover=COVER)
    await api.send("PUT", "/v1/rooms/r1/shelf/mug", MUG | {"image": "/mug.jpg"})
    await api.send("PUT", "/v1/rooms/r1/pin", {"sku": "mug"})
    await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"})
    said = {"op": "comment", "ref": 1, "text": EVIL}
    assert (await api.send("POST", "/v1/rooms/r1/commands", said, user="ann"))[0] == 200

    async with api.session.get(f"{api.url}/watch/r1") as response:
        page, policy = await response.text(), response.headers["Content-Security-Policy"]

    body = page.partition("<body")[2].partition("<script")[0]
    seen = Head(f"<body{body}")
    assert seen.tags - {"body"} == FIRST_VIEW
    assert seen.texts.count(EVIL) == 4  # the title twice, the product, the comment
    assert "CNY 89.50" in seen.texts
    assert f'src="{escape(COVER)}"' in body
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    allowed = [f"'sha256-{b64encode(sha256(s.encode()).digest()).decode()}'" for s in styles]
    assert f"style-src 'self' {' '.join(allowed)};" in policy
    assert len(allowed) == 2  # what every room needs, and the colours of this one's poster


async def test_what_not_everybody_may_see_shows_nothing(api: Api) -> None:
    await make(api, "draft", draft=True, cover=COVER)
    await make(api, "practice", practice=True, cover=COVER)
    await api.send("PUT", "/v1/hosts/h1/group", {"title": "Tea people"})
    for path in ("/watch/draft", "/watch/practice", "/watch/fans:h1"):
        assert "og:title" not in (await head_of(api, path)).properties, path
        _, page = await api.send("GET", path, user=None)
        assert 'class="watch first-view"' not in page, path


async def test_a_link_to_a_host_shows_their_name_and_streams(api: Api) -> None:
    await make(api, "r1", cover="/covers/a.jpg", scheduled=SOON)

    shown = (await head_of(api, "/h/h1")).properties

    assert (shown["og:title"], shown["og:description"]) == ("h1", EVIL)
    assert shown["og:image"] == f"{api.url}/covers/a.jpg"
    assert "og:title" not in (await head_of(api, "/h/nobody")).properties


async def test_a_page_with_a_head_is_packed_and_has_an_etag_of_its_own(api: Api) -> None:
    await make(api, "r1")
    accepts = {"Accept-Encoding": "br"}
    async with api.session.get(f"{api.url}/watch/r1", headers=accepts) as first:
        etag = first.headers["ETag"]
        assert first.headers["Content-Encoding"] == "br"
    again = accepts | {"If-None-Match": etag}
    async with api.session.get(f"{api.url}/watch/r1", headers=again) as second:
        assert second.status == 304
    async with api.session.get(f"{api.url}/watch/nosuch", headers=again) as other:
        assert (other.status, other.headers["ETag"] != etag) == (200, True)


async def test_a_link_to_a_note_shows_its_words_and_a_draft_shows_nothing(api: Api) -> None:
    note = {"title": EVIL, "text": "釉面\n\n" + "很润" * 200, "status": "public"}
    status, made = await api.send("POST", "/v1/notes", note)
    assert status in (200, 201), made
    async with api.session.get(f"{api.url}/note/{made['note']}") as answer:
        head = Head(await answer.text())
    assert head.title == f"{EVIL} · Liveroom"
    assert head.properties["og:title"] == EVIL
    assert len(head.properties["og:description"]) < 250
    assert "og:image" not in head.properties
    _, draft = await api.send("POST", "/v1/notes", note | {"status": "draft"})
    async with api.session.get(f"{api.url}/note/{draft['note']}") as answer:
        assert Head(await answer.text()).title == "Liveroom"


async def test_a_stream_with_a_time_is_an_event_of_a_calendar(api: Api) -> None:
    await make(api, "r1", scheduled=SOON)
    await make(api, "r2")

    status, text = await api.send("GET", "/v1/rooms/r1/calendar.ics", user=None)

    assert status == 200
    assert all(len(line.encode()) <= LINE_BYTES_MAX for line in text.split("\r\n"))
    lines = dict(line.split(":", 1) for line in text.replace("\r\n ", "").split("\r\n") if line)
    assert lines["SUMMARY"] == escaped(EVIL)
    assert re.fullmatch(r"\d{8}T\d{6}Z", lines["DTSTART"])
    assert lines["URL"] == f"{api.url}/watch/r1?from=reservation"
    assert lines["STATUS"] == "CONFIRMED"
    await api.refused(404, "not_found", "GET", "/v1/rooms/r2/calendar.ics", user=None)
    await api.send("POST", "/v1/rooms/r1/cancel", {}, role=Role.HOST)
    _, text = await api.send("GET", "/v1/rooms/r1/calendar.ics", user=None)
    assert "STATUS:CANCELLED" in text


@given(st.text(max_size=300))
def test_a_folded_line_is_short_enough_and_unfolds_to_what_it_was(text: str) -> None:
    line = f"SUMMARY:{escaped(text)}"
    rows = folded_line(line).split("\r\n")
    assert all(len(row.encode(errors="surrogatepass")) <= LINE_BYTES_MAX for row in rows)
    assert rows[0] + "".join(row[1:] for row in rows[1:]) == line


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [(8950, "CNY", "89.50"), (500, "JPY", "500"), (1250, "KWD", "1.250"), (0, "CNY", "0.00")],
)
def test_an_amount_has_the_decimals_of_its_currency(minor: int, currency: str, said: str) -> None:
    assert amount_of(minor, currency) == said
