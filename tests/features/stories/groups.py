"""The host founds a group; Ann joins and leaves it."""

from server.features.groups.groups import GroupBody
from server.features.groups.messages import GroupJoin, GroupLeave
from tests.features.stage import ANN, Stage
from tests.rooms.rig import HOST, ROOM


async def tell(stage: Stage) -> None:
    here = stage.here
    await here.directory._enlist(HOST.user, ROOM, 1_764_000_000_000)
    await stage.step("found", here.groups.put(HOST, HOST.user, GroupBody("Tea people", "all")))
    await stage.do(GroupJoin(ref=1), ANN)
    await stage.do(GroupLeave(ref=1), ANN)
