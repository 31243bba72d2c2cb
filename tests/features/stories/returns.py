"""Ann gives one unit back and keeps the other; Ben asks, and is declined; Ben asks no more."""

from server.features.orders.messages import Buy
from server.features.payments.messages import Pay
from server.features.returns.messages import (
    AskedLine,
    OrderReturn,
    ReturnAnswer,
    ReturnAsk,
    ReturnLine,
    ReturnWithdraw,
)
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    sale = await stage.sale(stock=4)
    anns = (await stage.do(Buy(ref=1, key="returns-a", sale=sale.sale, qty=3), ANN)).order.order
    bens = (await stage.do(Buy(ref=1, key="returns-b", sale=sale.sale), BEN)).order.order
    await stage.do(Pay(ref=1, order=anns), ANN)
    await stage.do(Pay(ref=1, order=bens), BEN)
    one = [AskedLine(sale.sale, 1)]
    await stage.do(
        ReturnAsk(ref=1, order=anns, reason="damaged", note="a torn box", lines=one), ANN
    )
    await stage.do(ReturnAnswer(ref=1, order=anns, accept=True, restock=True))
    await stage.do(OrderReturn(ref=1, order=anns, lines=[ReturnLine(sale.sale, 2)]))
    await stage.do(ReturnAsk(ref=1, order=bens, reason="size"), BEN)
    await stage.do(ReturnAnswer(ref=1, order=bens, accept=False, answer="It was worn."))
    await stage.do(ReturnAsk(ref=1, order=bens, reason="late"), BEN)
    await stage.do(ReturnWithdraw(ref=1, order=bens), BEN)
