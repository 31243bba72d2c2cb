"""The units of a sale are held, given back, and sold."""

from server.features.orders.messages import Buy, Cancel
from server.features.payments.messages import Pay
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    sale = await stage.sale()
    anns = (await stage.do(Buy(ref=1, key="stock-a", sale=sale.sale, qty=2), ANN)).order.order
    bens = (await stage.do(Buy(ref=1, key="stock-b", sale=sale.sale), BEN)).order.order
    await stage.do(Pay(ref=1, order=bens), BEN)
    await stage.do(Cancel(ref=1, order=anns), ANN)
