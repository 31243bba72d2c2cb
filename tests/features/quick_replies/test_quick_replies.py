"""Quick replies: answers that a host saved, the same in all of their rooms and nobody else's."""

import pytest

from server.access.auth import Identity
from server.features.quick_replies.messages import (
    QuickRepliesOk,
    QuickRepliesRead,
    QuickReplyRemove,
    QuickReplySave,
)
from server.features.quick_replies.quick_replies import REPLIES_MAX
from server.protocol.codes import CommandError
from server.protocol.message import Command
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from tests.features.stage import Stage
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig

LEA = Identity("lea", "Lea", Role.HOST)


async def tell(stage: Stage) -> None:
    """An answer is saved, read and removed."""
    [saved] = (await stage.do(QuickReplySave(ref=1, text="24 hours"))).replies
    await stage.do(QuickRepliesRead(ref=1))
    await stage.do(QuickReplyRemove(ref=1, reply=saved.reply))


async def after(here: Rig, cmd: Command, who: Identity = HOST, room: str = ROOM) -> dict[str, str]:
    """The saved answers after a command, by their ids."""
    replies = expect(QuickRepliesOk, await here.do(cmd, who, room)).replies
    return {each.reply: each.text for each in replies}


async def test_answers_are_the_hosts_in_all_rooms(here: Rig) -> None:
    await here.directory.create(HOST, RoomCreate("r2", "Second"))
    await here.directory.create(LEA, RoomCreate("r3", "Another host's"))
    saved = await after(here, QuickReplySave(ref=1, text="24 hours"))
    assert await after(here, QuickReplySave(ref=1, text="24 hours")) == saved  # said twice
    [reply] = saved

    both = await after(here, QuickReplySave(ref=1, text="by post"), HOST, "r2")
    changed = await after(here, QuickReplySave(ref=1, text="48 hours", reply=reply), HOST, "r2")

    assert list(both.values()) == ["24 hours", "by post"]
    assert list(changed.values()) == ["48 hours", "by post"]
    assert await after(here, QuickRepliesRead(ref=1), LEA, "r3") == {}
    left = await after(here, QuickReplyRemove(ref=1, reply=reply))
    assert list(left.values()) == ["by post"]


async def test_there_is_a_bound_and_what_is_gone_can_not_be_changed(here: Rig) -> None:
    for n in range(REPLIES_MAX):
        await after(here, QuickReplySave(ref=1, text=f"n{n}"))
    with pytest.raises(CommandError) as full:
        await after(here, QuickReplySave(ref=1, text="one more"))
    with pytest.raises(CommandError) as gone:
        await after(here, QuickReplySave(ref=1, text="one more", reply="a0"))
    assert (full.value.code, gone.value.code) == ("limit_reached", "not_found")
