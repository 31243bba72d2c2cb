"""Ann comes by a search, a guest comes, and Ann leaves."""

from server.access.auth import Identity
from server.protocol.joining import Join, SourceInput
from server.protocol.roles import Role
from tests.features.stage import Stage
from tests.rooms.rig import ROOM, Guest


async def tell(stage: Stage) -> None:
    here, ann = stage.here, Guest("ann")
    who, join = (
        Identity("ann", "Ann", Role.VIEWER),
        Join(ref=1, source=SourceInput("search", "mugs")),
    )
    await here.rooms.join(ann, who, ROOM, join, ann.enter)
    await ann.entered.wait()
    await here.join("guest-1", role=Role.GUEST)
    await stage.step("coming", here.visits.write())
    here.leave(ann)
    await stage.step("leaving", here.visits.write())
