"""The host opens the desk."""

from server.features.desk.messages import DeskOpen
from tests.features.stage import Stage


async def tell(stage: Stage) -> None:
    await stage.do(DeskOpen(ref=1))
