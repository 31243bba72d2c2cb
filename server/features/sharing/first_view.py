"""The first view of a room: markup that a browser draws before it has fetched a script.

It has the elements that the page's script builds, with the same classes (`watch.js`), but for what
needs words of the person's language. The rules for it stand in the page (`css/first-view.css`). All
that people wrote is escaped.
"""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

from server.features.comments.messages import CommentView
from server.features.shelf.messages import Product
from server.features.stock.messages import Sale
from server.protocol.currencies import minor_digits

COMMENTS_MAX = 4
"""The newest comments that are shown."""
_BACK = (
    '<a class="icon-button" href="/" aria-label="Liveroom"><svg class="icon" viewBox="0 0 24 24" '
    'aria-hidden="true"><path d="M15 5l-7 7 7 7"></path></svg></a>'
)
_BAR = '<div class="bar"><span class="round shelf-button"></span><span class="say"></span></div>'


def first_view_of(view: Any, cover: str, image: str) -> str:
    """Return the markup for a room. `cover` and `image` are addresses of pictures, of the room and
    of the pinned product, which anybody may load, or empty."""
    pinned = next((product for product in view.shelf if product.sku == view.pin), None)
    parts = [
        f'<div class="stage">{_poster(view, cover)}</div><div class="shade"></div>',
        f'<div class="top">{_BACK}{_host(view)}</div>',
        f'<div class="strips">{_notice(view.notice)}</div>',
        f'<div class="lower">{_talk(view.comments)}{_card(view, pinned, image)}{_BAR}</div>',
    ]
    theatre = f'<div class="theatre">{"".join(parts)}</div><div class="panel"></div>'
    return f'{_poster_style(view)}<div class="watch first-view">{theatre}</div>'


def amount_of(minor: int, currency: str) -> str:
    """An amount of minor units as a decimal number, such as `12.50`."""
    digits = minor_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def poster_angles(text: str) -> tuple[int, int, int]:
    """The hue in degrees and the place in percent (x, y) of a poster, as `ui/poster.js` has them:
    an FNV-1a hash of the code points."""
    hashed = 2166136261
    for char in text:
        hashed = ((hashed ^ ord(char)) * 16777619) & 0xFFFFFFFF
    return hashed % 360, 20 + (hashed >> 9) % 60, 10 + (hashed >> 15) % 40


def _poster_style(view: Any) -> str:
    hue, x, y = poster_angles(view.room + view.title)
    return f"<style>.first-view .poster{{--hue:{hue};--x:{x}%;--y:{y}%}}</style>"


def _poster(view: Any, cover: str) -> str:
    picture = (
        f'<img class="cover" src="{escape(cover)}" alt="" referrerpolicy="no-referrer">'
        if cover
        else ""
    )
    words = _written("p", "poster-title", view.title) + _written("p", "poster-host", view.host_name)
    return f'<div class="poster">{picture}<div class="poster-words">{words}</div></div>'


def _host(view: Any) -> str:
    dot = '<span class="phase" data-phase="live">●</span>' if view.phase == "live" else ""
    name = _written("b", "host-name", view.host_name or view.host)
    title = _written("h1", "room-title", view.title)
    words = f'<span class="host-line">{dot}{name}</span>{title}'
    return f'<div class="host-chip"><div class="host-words">{words}</div></div>'


def _notice(text: str) -> str:
    return f'<p class="strip">{_written("span", "strip-text", text)}</p>' if text else ""


def _talk(comments: Sequence[CommentView]) -> str:
    rows = "".join(
        f'<li class="comment"><p>{_written("bdi", "name", each.name)}'
        f"{_written('bdi', 'said', each.text)}</p></li>"
        for each in comments[-COMMENTS_MAX:]
    )
    # What people say in a room is no text of the page for search engines.
    return (
        '<div class="talk" data-nosnippet><div class="comments"><div class="comments-view">'
        f'<ol class="rows">{rows}</ol></div></div></div>'
    )


def _card(view: Any, product: Product | None, image: str) -> str:
    if product is None:
        return ""
    thumb = (
        f'<img class="thumb" src="{escape(image)}" alt="" referrerpolicy="no-referrer">'
        if image
        else '<span class="thumb"></span>'
    )
    title = f'<span class="pinned-words">{_written("span", "pinned-title", product.title)}</span>'
    card = f'<div class="pinned-main">{thumb}{title}</div>{_price(view.sales, product)}'
    return f'<div class="pinned"><div class="pinned-card">{card}</div></div>'


def _price(sales: Sequence[Sale], product: Product) -> str:
    on = (sale for sale in sales if sale.sku == product.sku and sale.status == "open")
    shown: Sale | Product = next(on, product)
    if not shown.price:  # a free thing has no number that would have to be read as "free"
        return ""
    cost = f"{shown.currency} {amount_of(shown.price, shown.currency)}"
    return f'<span class="price"><b>{cost}</b></span>'


def _written(tag: str, name: str, text: str) -> str:
    """An element with a text that somebody wrote."""
    return f'<{tag} class="{name}" dir="auto">{escape(text)}</{tag}>'
