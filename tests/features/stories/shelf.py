"""A product is put up, changed, pinned, unpinned and taken away."""

from msgspec.structs import replace

from server.features.shelf.messages import Pin, ShelfPut, ShelfRemove, Unpin
from tests.features.stage import MUG, Stage


async def tell(stage: Stage) -> None:
    await stage.do(ShelfPut(ref=1, product=MUG))
    await stage.do(ShelfPut(ref=1, product=replace(MUG, sku="bowl", title="Bowl")))
    await stage.do(ShelfPut(ref=1, product=replace(MUG, price=3900)))
    await stage.do(Pin(ref=1, sku="mug"))
    await stage.do(Unpin(ref=1))
    await stage.do(Pin(ref=1, sku="mug"))
    await stage.do(ShelfRemove(ref=1, sku="mug"))
