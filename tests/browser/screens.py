"""Every page in every state: the one table that the screens' test and `make screenshots` go by.

A row says who opens which path, what is tapped, and what must then be seen. Rows that follow each
other with the same path and person are states of one page: it is not opened anew, what is open is
closed. A new page or state is a row here; a room that it is about is one of screen_rooms.py.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from playwright.async_api import Page, Route, WebSocketRoute, expect

from server.protocol.roles import Role
from tests.browser.screen_rooms import BUYER, BUYER_NAME, OWNER, RETURNING
from tests.browser.screen_things import MERCHANT, OTHER
from tests.browser.shop import HOST_NAME


class Person(NamedTuple):
    """Who looks; without a user, a guest. `{language}` in it makes another person of each."""

    user: str | None = None
    role: Role = Role.VIEWER
    name: str = ""


GUEST = Person()
NEWCOMER = Person("screens-newcomer-{language}", name="Léa")
BUYING = Person(BUYER, name=BUYER_NAME)
HOSTING = Person(OWNER, Role.HOST, HOST_NAME)
RETURNS = Person(RETURNING, name="陈小满")
OTHER_HOST = Person(OTHER, Role.HOST, "Otto")
SELLING = Person(MERCHANT, Role.HOST, "Nora")
ADMIN = Person("screens-admin", Role.ADMIN, "Ops")

Act = Callable[[Page], Awaitable[None]]


class Screen(NamedTuple):
    """A state of a page. `path` may name what screen_rooms.py furnished; `taps` are touched one
    after the other; `shows` is seen then; `before` and `act` are for what no tap can bring about,
    before the page is opened and after the taps; `toward` is scrolled to in every size."""

    name: str
    path: str
    who: Person = GUEST
    shows: str = "main"
    taps: tuple[str, ...] = ()
    before: Act | None = None
    act: Act | None = None
    toward: str = ""


def answering(answers: Mapping[str, Any]) -> Act:
    """Have requests answered by these bodies instead, by patterns of their addresses."""

    async def prepare(page: Page) -> None:
        for pattern, body in answers.items():
            await page.route(pattern, _fulfilling(body))

    return prepare


def _fulfilling(body: Any) -> Callable[[Route], Awaitable[None]]:
    async def fulfill(route: Route) -> None:
        await route.fulfill(json=body)

    return fulfill


async def _no_connection(page: Page) -> None:
    """Nothing joins: neither sockets nor streams reach the room."""

    async def closed(socket: WebSocketRoute) -> None:
        await socket.close(code=1011)

    async def aborted(route: Route) -> None:
        await route.abort()

    await page.route_web_socket(re.compile(".*/ws.*"), closed)
    await page.route(re.compile(".*/v1/rooms/[^/]+/stream.*"), aborted)


async def _offline(page: Page) -> None:
    await page.context.set_offline(True)


def writing(field: str, text: str) -> Act:
    """Write into a field, and send it."""

    async def write(page: Page) -> None:
        await page.locator(field).fill(text)
        await page.locator(field).press("Enter")

    return write


async def _ask_for_two(page: Page) -> None:
    for n in (1, 2):
        await writing(".say", f"求链接 {n} 号")(page)
        await expect(page.locator(".private-card")).to_have_count(n)


EVENING = "/watch/{evening}"
PRODUCT = (".pinned-main",)
MENU = (".top > button.icon-button",)
CARD = ".pinned-card .buy"
NUMBERS = ('[data-tab="numbers"].tab',)
NOW = (*NUMBERS, "#tab-now")
LESS = ('.feed-row[data-kind="note"] .icon-button',)
ACCOUNT = (".nav .account",)

SCREENS: tuple[Screen, ...] = (
    Screen("home-guest", "/", shows=".room"),
    Screen("home-menu", "/", GUEST, "dialog .prefs", (".nav > .icon-button",)),
    Screen("home-sign-in", "/login?next=/", shows=".login-card"),
    Screen("home-empty", "/", NEWCOMER, ".empty", before=answering(
        {"**/v1/rooms?*": {"rooms": [], "next": None}})),
    Screen("home-following", "/", BUYING, ".room .followed"),
    Screen("home-feed", "/", NEWCOMER, ".feed-row .cover", toward=".feed-section"),
    Screen("home-less", "/", NEWCOMER, ".less-sheet", LESS),
    Screen("home-account", "/", NEWCOMER, "dialog .prefs", ACCOUNT),
    Screen("home-found", "/", NEWCOMER, ".result", act=writing("#search-box", "沙发")),
    Screen("home-not-found", "/", NEWCOMER, ".search-status:not(:empty)",
           act=writing("#search-box", "zzzzzz")),
    Screen("home-host", "/", HOSTING, '[data-section="hidden"] .room'),
    Screen("home-new-room", "/", HOSTING, ".form-sheet", (".nav button:has(.icon-plus)",)),
    Screen("watch-guest", EVENING, GUEST, CARD),
    Screen("watch-must-sign-in", EVENING, GUEST, "dialog", (CARD,)),
    Screen("watch-live", EVENING, NEWCOMER, CARD),
    Screen("watch-shelf", EVENING, NEWCOMER, "dialog .shelf-row", (".shelf-button",)),
    Screen("watch-product", EVENING, NEWCOMER, ".details", PRODUCT),
    Screen("watch-cart", EVENING, NEWCOMER, ".cart-line",
           (*PRODUCT, '[data-do="add-to-cart"]', '[data-do="cart"]')),
    Screen("watch-coupons", EVENING, NEWCOMER, "dialog", (".coupon-chip",)),
    Screen("watch-buy", EVENING, NEWCOMER, ".buy-flow .ring", (CARD,)),
    Screen("watch-orders", EVENING, NEWCOMER, "dialog .order", (".orders-button",)),
    Screen("watch-menu", EVENING, NEWCOMER, "dialog", MENU),
    Screen("watch-share", EVENING, NEWCOMER, ".qr", (*MENU, '[data-do="share"]')),
    Screen("watch-report", EVENING, NEWCOMER, "dialog form", (*MENU, '[data-do="report"]')),
    Screen("watch-host", EVENING, NEWCOMER, "dialog .group-part", (".host-open",)),
    Screen("watch-comment", EVENING, NEWCOMER, ".comment-sheet", (".comment:last-child .said",)),
    Screen("watch-asked", EVENING, NEWCOMER, ".private-card", act=writing(".say", "求链接 4 号")),
    Screen("watch-offline", EVENING, NEWCOMER, ".banner", act=_offline),
    Screen("watch-reconnecting", EVENING, BUYING, ".banner", before=_no_connection),
    Screen("watch-lots", "/watch/{lots}", NEWCOMER, '.lucky [data-do="enter"]'),
    Screen("watch-auction", "/watch/{auction}", NEWCOMER, '.auction [data-do="bid"]'),
    Screen("watch-bid", "/watch/{auction}", NEWCOMER, ".form-sheet", ('.auction [data-do="bid"]',)),
    Screen("watch-auction-asked", "/watch/{auction}", NEWCOMER, ".auction", act=_ask_for_two),
    Screen("watch-picture-away", "/watch/{broken}", NEWCOMER, ".player-words"),
    Screen("watch-group", "/watch/fans:{host}", RETURNS, ".say"),
    Screen("watch-quiet", "/watch/{quiet}", NEWCOMER, ".host-chip .follow"),
    Screen("watch-long-shelf", "/watch/{long}", NEWCOMER, "dialog .shelf-row", (".shelf-button",)),
    Screen("watch-soon", "/watch/{soon}", NEWCOMER, ".waiting"),
    Screen("watch-replay", "/watch/{replay}", NEWCOMER, ".replay-shown"),
    Screen("watch-cancelled", "/watch/{cancelled}", NEWCOMER, ".poster-note"),
    Screen("watch-not-public", "/watch/{hidden}", NEWCOMER, ".invitation"),
    Screen("watch-invitation", "/watch/{group}", NEWCOMER, ".invitation"),
    Screen("watch-no-room", "/watch/no-such-room", NEWCOMER, ".invitation"),
    Screen("profile", "/h/{host}", NEWCOMER, ".profile-goods li"),
    Screen("profile-nobody", "/h/no-such-host", NEWCOMER, ".empty"),
    Screen("note-guest", "/note/{note}", GUEST, ".note-comment"),
    Screen("note", "/note/{note}", NEWCOMER, ".note-comment"),
    Screen("note-report", "/note/{note}", NEWCOMER, "dialog form", ('[data-do="report"]',)),
    Screen("note-comment-report", "/note/{note}", NEWCOMER, "dialog form",
           ('[data-do="report-comment"]',)),
    Screen("note-own", "/note/{note}", HOSTING, ".note-comment"),
    Screen("note-draft", "/note/{draft}", HOSTING, ".note-status"),
    Screen("note-missing", "/note/no-such-note", NEWCOMER, ".empty"),
    Screen("write-guest", "/write", GUEST, ".me-signin"),
    Screen("write-empty", "/write", NEWCOMER, ".write-add"),
    Screen("write", "/write?note={note}", HOSTING, '.write-picture[data-state="sent"]'),
    Screen("write-goods", "/write?note={note}", HOSTING, ".write-shelf label",
           ('[data-do="choose-goods"]',)),
    Screen("note-share", "/note/{note}", NEWCOMER, ".qr", ('[data-do="share"]',)),
    Screen("write-preview", "/write?note={note}", HOSTING, "dialog .note-title",
           ('[data-do="preview"]',)),
    Screen("topic-guest", "/topic/{topic}", GUEST, '[data-section="notes"] .room'),
    Screen("topic", "/topic/{topic}", NEWCOMER, '[data-section="live"] .room'),
    Screen("topic-end", "/topic/{topic}", NEWCOMER, '[data-section="notes"]',
           toward='[data-section="notes"]'),
    Screen("topic-missing", "/topic/no-such-topic", NEWCOMER, ".empty"),
    Screen("me-guest", "/me", GUEST, ".me-signin"),
    Screen("me-newcomer", "/me", NEWCOMER, ".me-follows"),
    Screen("me", "/me", BUYING, ".me-order"),
    Screen("me-address", "/me", BUYING, "dialog form", ('[data-do="add-address"]',)),
    Screen("me-return", "/me", BUYING, "dialog form", ('[data-do="ask-return"]',)),
    Screen("me-moment", "/me", BUYING, ".moment-shown", ('[data-do="moment"]',)),
    Screen("me-review", "/me", BUYING, "dialog form", ('[data-do="review"]',)),
    Screen("me-returning", "/me", RETURNS, ".return-request"),
    Screen("me-where", "/me", RETURNS, "dialog form", ('[data-do="say-where"]',)),
    Screen("login", "/login", GUEST, ".login-card"),
    Screen("merchant-guest", "/merchant", GUEST, ".me-signin"),
    Screen("merchant-none", "/merchant", NEWCOMER, ".empty"),
    Screen("merchant-goods", "/merchant", SELLING, ".goods-row"),
    Screen("merchant-new-goods", "/merchant", SELLING, ".form-sheet", ('[data-do="new-goods"]',)),
    *(Screen(f"merchant-{tab}", "/merchant", SELLING, f"#pane-{tab}", (f"#tab-{tab}",))
      for tab in ("offers", "requests", "allotments", "sending", "reviews", "files", "statements",
                  "members")),
    Screen("merchant-new-offer", "/merchant#offers", SELLING, ".form-sheet",
           ('[data-do="new-offer"]',)),
    Screen("merchant-invite", "/merchant#offers", SELLING, ".form-sheet",
           ('[data-do="invite"]',)),
    Screen("merchant-suits", "/merchant#offers", SELLING, "dialog", ('[data-do="suggested"]',)),
    Screen("merchant-answer", "/merchant#requests", SELLING, ".form-sheet",
           ('[data-do="accept"]',)),
    Screen("merchant-decline", "/merchant#requests", SELLING, ".form-sheet",
           ('[data-do="decline"]',)),
    Screen("merchant-member", "/merchant#members", SELLING, ".form-sheet",
           ('[data-do="add-member"]',)),
    Screen("merchant-grant", "/merchant#allotments", SELLING, ".form-sheet",
           ('[data-do="grant"]',)),
    Screen("merchant-stock", "/merchant#goods", SELLING, ".form-sheet",
           ('.variant [data-do="stock"]',)),
    Screen("select-guest", "/select", GUEST, ".me-signin"),
    Screen("select-offers", "/select", OTHER_HOST, ".filters"),
    *(Screen(f"select-{tab}", "/select", OTHER_HOST, f"#pane-{tab}", (f"#tab-{tab}",))
      for tab in ("picks", "requests", "allotments")),
    Screen("select-ask", "/select#find", OTHER_HOST, ".form-sheet", ('[data-do="ask"]',)),
    Screen("select-shelve", "/select#find", OTHER_HOST, "dialog", ('[data-do="shelve"]',)),
    Screen("select-invited", "/select#requests", HOSTING, '[data-do="accept"]'),
    Screen("select-accept", "/select#requests", HOSTING, ".form-sheet", ('[data-do="accept"]',)),
    Screen("select-decline", "/select#requests", HOSTING, ".form-sheet", ('[data-do="decline"]',)),
    Screen("ops-stranger", "/ops", NEWCOMER),
    Screen("ops", "/ops", ADMIN, "tbody tr"),
    Screen("ops-new-topic", "/ops", ADMIN, "dialog form", ('[data-do="new-topic"]',)),
    Screen("ops-feature", "/ops", ADMIN, "dialog form", ('[data-do="feature"]',)),
    Screen("ops-reports", "/ops", ADMIN, ".reports [data-thing] img", toward=".reports"),
    Screen("ops-reporters", "/ops", ADMIN, "dialog li p", ('.reports [data-do="who"]',)),
    Screen("ops-settle", "/ops", ADMIN, "dialog form", ('.reports [data-do="settle"]',)),
    Screen("ops-topics", "/ops", ADMIN, "[data-topic]", toward=".topics"),
    Screen("ops-featured", "/ops", ADMIN, "[data-slot]", toward=".featured"),
    Screen("ops-searches", "/ops", ADMIN, ".searches", toward=".searches"),
    Screen("ops-log", "/ops", ADMIN, ".moderation-log", toward=".moderation-log"),
    Screen("host-stranger", "/host/{evening}", OTHER_HOST),
    Screen("host-live", "/host/{evening}", HOSTING, ".comment"),
    *(Screen(f"host-{tab}", "/host/{evening}", HOSTING, "main", (f'[data-tab="{tab}"].tab',))
      for tab in ("shelf", "talk", "numbers")),
    *(Screen(f"host-{view}", "/host/{evening}", HOSTING, f"#view-{view}",
             (*NUMBERS, f"#tab-{view}"))
      for view in ("engage", "figures", "sending", "manage")),
    Screen("host-insights", "/host/{evening}", HOSTING, ".insights", (*NUMBERS, "#tab-figures"),
           toward=".insights"),
    Screen("host-money", "/host/{evening}", HOSTING, ".money", toward=".money"),
    Screen("host-plan", "/host/{evening}", HOSTING, ".rundown-kinds",
           (*NUMBERS, "#tab-now", '[data-do="plan"]')),
    Screen("host-product", "/host/{evening}", HOSTING, ".form-sheet",
           ('[data-tab="shelf"].tab', ".host-product .icon-button:has(.icon-edit)")),
    Screen("host-bulk", "/host/{evening}", HOSTING, ".form-sheet", ('[data-do="bulk"]',)),
    Screen("host-sell", "/host/{evening}", HOSTING, ".form-sheet", ('[data-do="sell"]',)),
    *(Screen(f"host-{name}", "/host/{evening}", HOSTING, ".form-sheet",
             (*NUMBERS, "#tab-engage", f'[data-do="{do}"]'))
      for name, do in (("coupon", "coupon"), ("lucky", "host.lucky_open"),
                       ("auction", "auction"))),
    *(Screen(f"host-{do}", "/host/{evening}", HOSTING, ".form-sheet",
             (*NOW, f'.host-sale [data-do="{do}"]'))
      for do in ("restock", "stock")),
    *(Screen(f"host-{do}", "/host/{evening}", HOSTING, ".form-sheet", (*NOW, f'[data-do="{do}"]'))
      for do in ("accept-return", "decline-return")),
    Screen("host-returns", "/host/{evening}", HOSTING, ".return-request", NOW,
           toward=".return-request"),
    Screen("host-quick-answer", "/host/{evening}", HOSTING, ".quick-sheet",
           ('[data-tab="talk"].tab', ".talk-box .comment:last-child",
            ".talk-box .comment:last-child .icon-button:has(.icon-ask)")),
    Screen("host-quick-replies", "/host/{evening}", HOSTING, ".name-chip",
           (*NUMBERS, "#tab-manage"), toward="section:has([name=quick_reply])"),
    Screen("host-notice", "/host/{evening}", HOSTING, ".form-sheet",
           ('[data-tab="talk"].tab', '[data-do="notice"]')),
    Screen("host-end", "/host/{evening}", HOSTING, "dialog", (".nav .small-button:not(.account)",)),
    Screen("host-quiet", "/host/{quiet}", HOSTING, "main"),
    Screen("host-quiet-shelf", "/host/{quiet}", HOSTING, "main", ('[data-tab="shelf"].tab',)),
    Screen("host-quiet-now", "/host/{quiet}", HOSTING, "main", NUMBERS),
    Screen("host-poll", "/host/{quiet}", HOSTING, ".form-sheet",
           (*NUMBERS, "#tab-engage", '[data-do="host.poll_open"]')),
    Screen("host-soon", "/host/{soon}", HOSTING, ".host-product"),
    *(Screen(f"host-{do}", "/host/{soon}", HOSTING, "dialog form",
             (*NUMBERS, "#tab-manage", f'[data-do="{do}"]'))
      for do in ("edit-room", "cancel")),
    Screen("host-standing", "/host/{long}", HOSTING, ".host-sale", NOW),
    Screen("host-price", "/host/{long}", HOSTING, ".form-sheet", (*NOW, '[data-do="price"]')),
    Screen("host-ended", "/host/{replay}", HOSTING, "#view-figures .figure-value"),
    Screen("host-ended-shelf", "/host/{replay}", HOSTING, ".host-product",
           ('[data-tab="shelf"].tab',)),
)  # fmt: skip
