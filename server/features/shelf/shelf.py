"""The shelf: the products a host shows, and the one pinned while it is explained."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from server.features.shelf.messages import (
    Pin,
    Product,
    ProductInput,
    ProductSheet,
    Proof,
    ShelfMove,
    ShelfPut,
    ShelfRemove,
    Unpin,
)
from server.features.shelf.settings import PriceSettings, ShelfSettings
from server.protocol.codes import CommandError
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import must_be_visible, must_fit, shown_text
from server.settings import Settings
from server.store.room_store import RoomStore

_ANY = msgspec.msgpack.Decoder(Any)


P = TypeVar("P", bound=ProductSheet)


def plain_product(product: P) -> P:
    """The product with its texts as they are shown. CommandError if one has nothing to see."""

    def shown(name: str, texts: list[str]) -> list[str]:
        return [shown_text(name, text, len(text)) for text in texts]

    return msgspec.structs.replace(
        product,
        title=shown_text("title", product.title, len(product.title)),
        points=shown("points", product.points),
        flaws=shown("flaws", product.flaws),
        proofs=tuple(_plain_proof(proof) for proof in product.proofs),
    )


def _plain_proof(proof: Proof) -> Proof:
    number = proof.number and shown_text("number", proof.number, len(proof.number))
    label = shown_text("label", proof.label, len(proof.label))
    return msgspec.structs.replace(proof, label=label, number=number)


class Renewed(NamedTuple):
    """Products as they can be sold now, and what else the script that creates the room is told."""

    products: Sequence[Product]
    args: Mapping[str, Any]


Renews = Callable[[str, str, Sequence[Product]], Awaitable[Renewed]]
"""(host, an earlier room, the products of its shelf) -> those that the host can still sell."""


class Shelf:
    """The commands of a host about products."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._limits = settings.section(ShelfSettings)
        self._texts = settings.rooms
        self._price_max = settings.section(PriceSettings).price_max
        self.heed: Callable[[str], Awaitable[None]] | None = None
        """Awaited with the room after products were put."""
        self.renews: Renews | None = None
        """Set by the feature that knows what hosts picked; without it a shelf that is taken over
        leaves the goods of merchants out."""

    def handlers(self) -> Handlers:
        """The commands about products and the pin."""
        return {
            ShelfPut: Handler(self.put, Role.HOST),
            ShelfRemove: Handler(self.remove, Role.HOST),
            ShelfMove: Handler(self.move, Role.HOST),
            Pin: Handler(self.pin, Role.HOST),
            Unpin: Handler(self.unpin, Role.HOST),
        }

    async def put(self, call: Call, cmd: ShelfPut) -> Ok:
        """Add a product, or replace the one of the same sku."""
        self._check(cmd.product)
        options = {
            shown_text("options", name, len(name)): shown_text("options", value, len(value))
            for name, value in cmd.product.options.items()
        }
        product = msgspec.structs.replace(cmd.product, options=options)
        shown = msgspec.to_builtins(plain_product(product))
        args = {
            "meta": shown.pop("meta", None),
            "product": shown,
            "products_max": self._limits.shelf_products_max,
            "bytes_max": self._limits.shelf_bytes_max,
        }
        ok = await self._run_script("shelf.put", call, cmd, args)
        await self.carried(call.room_id)
        return ok

    async def carried(self, room_id: str) -> None:
        """Tell whoever waits for products that some were put on the shelf of a room."""
        if self.heed is not None:
            await self.heed(room_id)

    async def remove(self, call: Call, cmd: ShelfRemove) -> Ok:
        """Take a product off the shelf; if it is pinned, it is unpinned."""
        return await self._run_script("shelf.remove", call, cmd, {"sku": cmd.sku})

    async def move(self, call: Call, cmd: ShelfMove) -> Ok:
        """Put a product before another one, or at the end."""
        args = {"sku": cmd.sku, "before": cmd.before, **self._limits.shown_args()}
        return await self._run_script("shelf.move", call, cmd, args)

    async def pin(self, call: Call, cmd: Pin) -> Ok:
        """Pin a product of the shelf."""
        args = {"sku": cmd.sku, **self._limits.shown_args()}
        return await self._run_script("shelf.pin", call, cmd, args)

    async def unpin(self, call: Call, cmd: Unpin) -> Ok:
        """Unpin whatever is pinned."""
        return await self._run_script("shelf.pin", call, cmd, {"sku": ""})

    def _check(self, product: ProductInput) -> None:
        if product.price > self._price_max:
            raise CommandError("limit_reached", f"`price` can be at most {self._price_max} here.")
        links = (product.image or "", product.url or "")
        proofs = [text or "" for it in product.proofs for text in (it.label, it.number, it.url)]
        options = [*product.options, *product.options.values()]
        for text in (product.title, *links, *product.points, *product.flaws, *proofs, *options):
            if len(text) > self._texts.text_chars_max:
                raise CommandError(
                    "too_long",
                    f"A text or link can have {self._texts.text_chars_max} characters here.",
                )
        must_be_visible("sku", product.sku)
        must_fit("meta", product.meta or "")
        if product.replaces == product.sku:
            raise CommandError(
                "bad_message",
                f"The product `{product.sku}` can't replace itself; name an earlier one.",
            )

    async def _run_script(self, script: str, call: Call, cmd: Command, args: dict[str, Any]) -> Ok:
        args |= {"by": call.who.user, "events_max": self._texts.event_stream_len_max}
        await self._store.run_script(script, call.room_id, args, _ANY)
        return Ok(ref=cmd.ref)
