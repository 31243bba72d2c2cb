"""A sale opens, gets more stock and less, and closes."""

from server.features.sales.messages import SaleClose, SaleRestock
from tests.features.stage import Stage


async def tell(stage: Stage) -> None:
    sale = (await stage.sale()).sale
    await stage.do(SaleRestock(ref=1, sale=sale, add=2))
    await stage.do(SaleRestock(ref=1, sale=sale, stock=0))
    await stage.do(SaleRestock(ref=1, sale=sale, stock=1))
    await stage.do(SaleClose(ref=1, sale=sale))
    await stage.sale()
