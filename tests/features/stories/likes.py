"""Ann and Ben like what they see."""

from server.features.likes.messages import Like
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    await stage.do(Like(ref=1, n=3), ANN)
    await stage.do(Like(ref=1), BEN)
