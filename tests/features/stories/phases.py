"""The room starts, ends while it still sells, and stops selling; another one is cancelled."""

from server.features.phases.messages import LiveCancel, LiveEnd, LiveStart, Selling
from server.protocol.room import RoomCreate
from tests.features.stage import Stage
from tests.rooms.rig import HOST

SCHEDULED = True


async def tell(stage: Stage) -> None:
    await stage.do(LiveStart(ref=1))
    await stage.sale()
    await stage.do(LiveEnd(ref=1, selling=True))
    await stage.do(Selling(ref=1, on=False))
    await stage.here.directory.create(HOST, RoomCreate(room="r2", title="Later"))
    await stage.do(LiveCancel(ref=1, reason="rain"), HOST, "r2")
