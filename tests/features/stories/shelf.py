"""Products are put up, changed, moved, pinned, unpinned and taken away."""

from msgspec.structs import replace

from server.features.shelf.messages import Pin, ShelfMove, ShelfPut, ShelfRemove, Unpin
from tests.features.stage import MUG, Stage


async def tell(stage: Stage) -> None:
    await stage.do(ShelfPut(ref=1, product=MUG))
    await stage.do(ShelfPut(ref=1, product=replace(MUG, sku="bowl", title="Bowl")))
    await stage.do(ShelfPut(ref=1, product=replace(MUG, price=3900)))
    await stage.do(ShelfPut(ref=1, product=replace(MUG, sku="cup", title="Cup")))
    await stage.do(ShelfMove(ref=1, sku="cup", before="mug"))
    await stage.do(ShelfMove(ref=1, sku="mug"))
    await stage.do(ShelfMove(ref=1, sku="mug", before="bowl"))
    await stage.do(Pin(ref=1, sku="mug"))
    await stage.do(Unpin(ref=1))
    await stage.do(Pin(ref=1, sku="mug"))
    await stage.do(ShelfRemove(ref=1, sku="mug"))
