"""Ann pays."""

from server.features.orders.messages import Buy
from server.features.payments.messages import Pay
from tests.features.stage import ANN, Stage


async def tell(stage: Stage) -> None:
    sale = await stage.sale()
    anns = (await stage.do(Buy(ref=1, key="payments-a", sale=sale.sale, qty=2), ANN)).order.order
    await stage.do(Pay(ref=1, order=anns), ANN)
