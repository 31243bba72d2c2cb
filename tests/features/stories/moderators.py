"""Ann becomes a moderator, and a viewer again."""

from server.features.moderators.messages import ModeratorAdd, ModeratorRemove
from tests.features.stage import Stage


async def tell(stage: Stage) -> None:
    await stage.do(ModeratorAdd(ref=1, user="ann"))
    await stage.do(ModeratorRemove(ref=1, user="ann"))
