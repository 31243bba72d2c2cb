"""A new room begins with the shelf of an earlier room of its host."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from server.features.shelf.messages import Product
from server.features.shelf.settings import ShelfSettings
from server.features.shelf.shelf import Renewed, Shelf
from server.features.shelf.snapshot import ShelfPart
from server.protocol.codes import CommandError
from server.protocol.room import RoomCreate
from server.rooms.directory import Directory
from server.settings import Settings


class TakingOver:
    """Reads the products of `shelf_from` for the script that creates the room.

    Only products: what was sold of them, and is left, stays with the earlier room.
    """

    def __init__(self, directory: Directory, settings: Settings, shelf: Shelf) -> None:
        self._directory = directory
        self._shelf = shelf
        self._products_max = settings.section(ShelfSettings).shelf_products_max

    def must_be_free(self, room_id: str) -> None:
        """Accept any id."""

    async def begin(
        self,
        host: str,
        room_id: str,  # noqa: ARG002  (founders are given it)
        wish: RoomCreate | None,
    ) -> Mapping[str, Any]:
        """The products that the room begins with. Raises CommandError if they are another's."""
        if wish is None or wish.shelf_from is None:
            return {}
        earlier = wish.shelf_from
        try:
            owner = await self._directory.host_of(earlier)
        except CommandError as error:
            if error.code != "not_found":
                raise
            raise CommandError(
                "not_found",
                f"There is no room `{earlier}` to take the shelf of; check `shelf_from`.",
            ) from None
        if owner != host:
            raise CommandError(
                "forbidden",
                f"The room `{earlier}` has another host: take the shelf of a room of your own.",
            )
        shown = (await self._directory.part(earlier, ShelfPart)).products.values()
        products, more = await self._renewed(host, earlier, list(shown))
        if len(products) > self._products_max:
            raise CommandError(
                "limit_reached",
                f"The shelf of `{earlier}` has {len(products)} products, and a shelf can have "
                f"{self._products_max} now: remove some there first.",
            )
        return {**more, "shelf": to_builtins(products)}

    async def _renewed(self, host: str, earlier: str, products: Sequence[Product]) -> Renewed:
        if self._shelf.renews is not None:
            return await self._shelf.renews(host, earlier, products)
        return Renewed([each for each in products if not each.merchant], {})

    async def finish(self, host: str, room_id: str) -> None:
        """Do nothing: the script that created the room filled the shelf."""
