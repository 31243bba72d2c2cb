"""A notice goes up, and is taken down."""

from server.features.notices.messages import Notice
from tests.features.stage import Stage


async def tell(stage: Stage) -> None:
    await stage.do(Notice(ref=1, text="Free shipping tonight"))
    await stage.do(Notice(ref=1, text=""))
