"""Ann follows, Ben reserves a place; another room of the host begins, and Ann is told here. A third
one is cancelled, and she is told so; at last this one is."""

from server.features.follows.messages import Follow, Reserve
from server.features.phases.messages import LiveCancel, LiveStart
from server.protocol.room import RoomCreate
from tests.features.stage import ANN, BEN, Stage
from tests.rooms.rig import HOST

SCHEDULED = True
SETTINGS = {"community": {"announce_repeats": 1}}
LATER, NEVER = "r2", "r3"


async def tell(stage: Stage) -> None:
    await stage.do(Follow(ref=1), ANN)
    await stage.do(Reserve(ref=1), BEN)
    await stage.do(Follow(ref=1), BEN)
    await stage.do(Follow(ref=1, on=False), BEN)
    await stage.do(Reserve(ref=1, on=False), BEN)
    here, news = stage.here, stage.there.news
    async with news:
        await news._subscribing.done.wait()
        await here.directory.create(HOST, RoomCreate(room=LATER, title="Later"))
        await stage.do(LiveStart(ref=1), HOST, LATER)
        await stage.step("announce", here.announcer.announce(LATER))
        await here.directory.create(HOST, RoomCreate(room=NEVER, title="Never"))
        await stage.do(LiveCancel(ref=1), HOST, NEVER)
        await stage.step("call off", here.announcer.announce(NEVER))
        for piece in news._pieces.values():
            if piece.task is not None:
                await piece.task
    await stage.do(Reserve(ref=1), BEN)
    await stage.do(LiveCancel(ref=1, reason="rain"))
