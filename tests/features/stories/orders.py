"""A sale draws its buyers: Ann buys both mugs, pays one and gives one back, for which Ben waits."""

from server.features.orders.messages import Buy, Cancel, Orders, Waitlist
from server.features.payments.messages import Pay
from tests.features.stage import ANN, BEN, Stage

SETTINGS = {"orders": {"fair_window_ms": 1}}


async def tell(stage: Stage) -> None:
    sale = await stage.sale(stock=2)
    paid = (await stage.do(Buy(ref=1, key="orders-a", sale=sale.sale), ANN)).order
    await stage.do(Pay(ref=1, order=paid.order), ANN)
    order = (await stage.do(Buy(ref=1, key="orders-b", sale=sale.sale), ANN)).order
    await stage.do(Waitlist(ref=1, sale=sale.sale), BEN)
    await stage.do(Cancel(ref=1, order=order.order), ANN)
    await stage.do(Orders(ref=1), BEN)
