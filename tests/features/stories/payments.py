"""Ann pays, and the host takes one order back to the shelf and one as broken."""

from server.features.orders.messages import Buy
from server.features.payments.messages import OrderReturn, Pay
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    sale = await stage.sale()
    anns = (await stage.do(Buy(ref=1, key="payments-a", sale=sale.sale, qty=2), ANN)).order.order
    bens = (await stage.do(Buy(ref=1, key="payments-b", sale=sale.sale), BEN)).order.order
    await stage.do(Pay(ref=1, order=anns), ANN)
    await stage.do(Pay(ref=1, order=bens), BEN)
    await stage.do(OrderReturn(ref=1, order=anns, restock=True))
    await stage.do(OrderReturn(ref=1, order=bens))
