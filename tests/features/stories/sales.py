"""A sale opens, gets more stock and less, and closes; another lies on top of a standing one, whose
price falls."""

from msgspec.structs import replace

from server.features.sales.messages import (
    SaleClose,
    SaleOpen,
    SalePrice,
    SaleRestock,
    ShelfEdit,
    ShelfRow,
)
from tests.features.stage import Stage


async def tell(stage: Stage) -> None:
    sale = (await stage.sale()).sale
    await stage.do(SaleRestock(ref=1, sale=sale, add=2))
    await stage.do(SaleRestock(ref=1, sale=sale, stock=0))
    await stage.do(SaleRestock(ref=1, sale=sale, stock=1))
    await stage.do(SaleClose(ref=1, sale=sale))
    await stage.sale()
    terms = SaleOpen(ref=1, sku="mug", price=4900, stock=3, per_user=3, hold_s=86_400)
    standing = (await stage.do(replace(terms, kind="standing"))).sale.sale
    flash = (await stage.do(replace(terms, hold_s=60, stock=2, base=standing))).sale.sale
    await stage.do(SalePrice(ref=1, sale=standing, price=3900))
    await stage.do(SaleClose(ref=1, sale=flash))
    rows = [
        ShelfRow(sku="mug", title="Big mug", price=3500, stock=7),
        ShelfRow(sku="bowl", title="Bowl", price=2900, currency="CNY"),
    ]
    await stage.do(ShelfEdit(ref=1, rows=rows))
