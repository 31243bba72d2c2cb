"""The host changes everything that a room can have, clears it again, and makes a draft public."""

from server.features.details.messages import RoomChange
from server.protocol.room import RoomCreate
from tests.features.stage import Stage
from tests.rooms.rig import HOST

SCHEDULED = True
SOON = 4_000_000_000_000
DRAFT = "r2"


async def tell(stage: Stage) -> None:
    await stage.do(
        RoomChange(
            ref=1,
            title="  Green   tea ",
            scheduled=SOON,
            stream_url="https://video.example/1.m3u8",
            embed_url="/embed",
            cover="https://pictures.example/tea.jpg",
        )
    )
    await stage.do(RoomChange(ref=1, title="Black tea"))
    await stage.do(
        RoomChange(ref=1, scheduled=None, stream_url=None, embed_url=None, cover=None, draft=False)
    )
    draft = RoomCreate(room=DRAFT, title="Later", draft=True)
    await stage.here.directory.create(HOST, draft)
    await stage.do(RoomChange(ref=1, draft=False), HOST, DRAFT)
