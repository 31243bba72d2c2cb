"""Ann and Ben enter a lucky draw, and one wins; another draw begins."""

from server.features.luckies.messages import LuckyDraw, LuckyEnter, LuckyOpen
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    lucky = (await stage.do(LuckyOpen(ref=1, title="A mug", prizes=1))).lucky.lucky
    await stage.do(LuckyEnter(ref=1, lucky=lucky), ANN)
    await stage.do(LuckyEnter(ref=1, lucky=lucky), BEN)
    await stage.do(LuckyDraw(ref=1, lucky=lucky))
    await stage.do(LuckyOpen(ref=1, title="A bowl", prizes=2))
