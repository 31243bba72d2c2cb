"""A room has a time zone of its own, which the staff can change and nobody can take away."""

from typing import Any

import pytest

from server.features.details.messages import RoomChange
from server.protocol.codes import CommandError
from server.protocol.room import RoomCreate
from tests.rooms.rig import HOST, ROOM, Rig


async def test_a_room_is_made_in_a_zone_and_moved_to_another(here: Rig) -> None:
    view = await here.directory.create(HOST, RoomCreate("z", "Tea", time_zone="Asia/Shanghai"))
    assert view.time_zone == "Asia/Shanghai"

    ann = await here.join("ann")
    await here.do(RoomChange(ref=1, time_zone="Europe/Paris"))
    heard = await ann.until(lambda m: m["t"] == "room")
    assert [m["time_zone"] for m in heard if m["t"] == "room"] == ["Europe/Paris"]
    assert (await here.directory.read(ROOM)).time_zone == "Europe/Paris"


async def test_a_zone_that_there_is_not_is_refused(here: Rig) -> None:
    with pytest.raises(CommandError) as made:
        await here.directory.create(HOST, RoomCreate("z", "Tea", time_zone="Mars/Olympus"))
    with pytest.raises(CommandError) as changed:
        await here.do(RoomChange(ref=1, time_zone="Europe/Atlantis"))
    assert (made.value.code, changed.value.code) == ("bad_message", "bad_message")


async def test_a_worker_that_knows_no_zones_takes_none_away(here: Rig) -> None:
    """Of the version before: its `room` event has a title, and no zone."""
    await here.join("ann")
    await here.do(RoomChange(ref=1, time_zone="Europe/Paris"))
    await here.heard_all()
    state = here.room.state
    told: Any = state._shape.room_settings  # with the fields of features
    state.apply(told(title="Tea", slow_s=0))
    assert state.view().time_zone == "Europe/Paris"
