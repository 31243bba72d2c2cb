"""The room starts, ends while it still sells, and stops selling."""

from server.features.phases.messages import LiveEnd, LiveStart, Selling
from tests.features.stage import Stage

SCHEDULED = True


async def tell(stage: Stage) -> None:
    await stage.do(LiveStart(ref=1))
    await stage.sale()
    await stage.do(LiveEnd(ref=1, selling=True))
    await stage.do(Selling(ref=1, on=False))
