"""Previews: what a link to a room, or to a host, shows where it is shared."""

from collections.abc import Awaitable, Callable, Iterator
from itertools import chain
from typing import Any

from server.features.circles.hosts import Hosts
from server.features.sharing.first_view import amount_of, first_view_of
from server.features.shelf.messages import Product
from server.rooms.directory import Directory
from server.rooms.room import Room
from server.web.page_heads import PageHead

TITLES_MAX = 3
"""Streams of a host that the preview names."""


class Previews:
    """Makes previews. `open_room` gives a room if it is open on this worker; `is_gated` says
    whether not everybody may come into one."""

    def __init__(
        self,
        directory: Directory,
        open_room: Callable[[str], Room | None],
        is_gated: Callable[[str], Awaitable[bool]],
        hosts: Hosts,
    ) -> None:
        self._directory = directory
        self._open_room = open_room
        self._is_gated = is_gated
        self._hosts = hosts

    async def of_room(self, room_id: str) -> PageHead | None:
        """The room with what is shown in it, and its first view; None for one that not everybody
        may come into.

        Raises CommandError.
        """
        if await self._is_gated(room_id):
            return None
        room = self._open_room(room_id)
        view: Any = await self._directory.read(room_id) if room is None else room.state.view()
        if view.practice:  # nobody is told of one
            return None
        product = _shown_product(view)
        first_view = first_view_of(
            view, _safe(view.cover), _safe((product and product.image) or "")
        )
        parts = [view.host_name or view.host]
        image = view.cover
        properties: tuple[tuple[str, str], ...] = ()
        if product is not None:
            amount = amount_of(product.price, product.currency)
            # A free thing has no number that would have to be read as "free".
            parts += [product.title] + ([f"{product.currency} {amount}"] if product.price else [])
            image = image or product.image or ""
            properties = (
                ("product:price:amount", amount),
                ("product:price:currency", product.currency),
            )
        return PageHead(view.title, " · ".join(parts), _safe(image), properties, first_view)

    async def of_host(self, host: str) -> PageHead | None:
        """The host with the streams that are on, come next and were last. Raises CommandError."""
        view = await self._hosts.view(host)
        rooms = [*view.rooms.live, *view.rooms.scheduled, *view.rooms.ended]
        covers: Iterator[str] = (room.cover for room in rooms if room.cover)
        titles = [room.title for room in rooms[:TITLES_MAX]]
        return PageHead(view.name, " · ".join(titles), _safe(next(covers, "")))


def _shown_product(view: Any) -> Product | None:
    """The pinned product, else the first of the shelf."""
    shelf: list[Product] = view.shelf
    pinned = (product for product in shelf if product.sku == view.pin)
    return next(chain(pinned, shelf), None)


def _safe(image: str) -> str:
    """The address of a picture, if others may load it: https, or a path on this server."""
    is_path = image.startswith("/") and not image.startswith("//")
    return image if is_path or image.startswith("https://") else ""
