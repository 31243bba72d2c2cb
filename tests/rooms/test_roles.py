"""Who may do what in a room, every command by every role."""

import pytest

from server.access.auth import Identity
from server.features.comments.messages import Comment, Mute
from server.features.comments.settings import CommentSettings
from server.house import HOUSE
from server.protocol.codec import Encoding
from server.protocol.codes import CommandError
from server.protocol.joining import Join, Ping
from server.protocol.roles import Role
from server.rooms.directory import HOST_REMEMBERED_S, Directory
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.protocol.make_golden import read
from tests.protocol.test_protocol_page import rows
from tests.rooms.rig import HOST, ROOM, Rig, rig

ROLES = {
    "guest": Identity("guest-1", "Guest", Role.GUEST),
    "viewer": Identity("ann", "Ann", Role.VIEWER),
    "moderator": Identity("mo", "Mo", Role.MODERATOR),
    "moderator elsewhere": Identity("mo", "Mo", Role.MODERATOR, frozenset({"another"})),
    "other host": Identity("h2", "Ho", Role.HOST),
    "host": HOST,
    "host of another token": Identity(HOST.user, "Mei", Role.HOST, frozenset({"another"})),
    "admin": Identity("root", "Root", Role.ADMIN),
}
VIEW = frozenset(ROLES) - {"guest"}
MODERATE = frozenset({"moderator", "host", "admin"})
RUN = frozenset({"host", "admin"})
AT_LEAST = {"viewer": VIEW, "moderator": MODERATE, "host": RUN}
"""Those of ROLES that are at least what docs/protocol.md says of a command."""
LEAST = {row[0].strip("`"): row[1] for row in rows("Commands")}
READER = HOUSE.readers[Encoding.JSON]
SENT = {case["message"]["op"]: READER.decode(case["json"].encode()) for case in read("commands")}
"""One command of each op, as its golden bytes say it."""
OPS = [str(kind.__struct_config__.tag) for kind in HOUSE.commands if kind not in (Join, Ping)]
"""Join and ping are answered by the connection itself."""


@pytest.mark.parametrize("op", OPS)
async def test_a_command_is_for_exactly_the_roles_that_the_protocol_names(
    here: Rig, op: str
) -> None:
    assert op in SENT, f"no golden bytes of `{op}`"
    assert op in LEAST, f"no row of `{op}` in docs/protocol.md"
    may = set()
    for name, who in ROLES.items():
        try:
            await here.do(SENT[op], who)
        except CommandError as refused:
            if refused.code == "forbidden":
                continue
        may.add(name)

    assert may == AT_LEAST[LEAST[op]]


async def test_the_host_of_another_room_is_a_viewer_here(here: Rig) -> None:
    ann = await here.join("ann")

    await here.do(Comment(ref=1, text="I am no host here"), ROLES["other host"])
    await here.do(Comment(ref=1, text="I am"), HOST)
    heard = await ann.until(lambda m: m.get("text") == "I am")

    assert [m["role"] for m in heard] == ["viewer", "host"]


async def test_the_host_of_a_room_is_remembered_for_a_while_and_no_longer(here: Rig) -> None:
    now = 1000.0
    directory = Directory(HOUSE.reader(here.store, here.settings), here.settings, lambda: now)
    await directory.host_of(ROOM)
    await here.redis.hset(here.key("room"), "host", "h2")  # lost, and made anew by another

    assert await directory.host_of(ROOM) == HOST.user
    now += HOST_REMEMBERED_S
    assert await directory.host_of(ROOM) == "h2"


async def test_a_viewer_is_held_to_a_rate_and_the_host_is_not(make_settings: MakeSettings) -> None:
    limits = {"comments_burst": 2, "comments_per_user_per_s": 0.01}
    async with rig(make_settings(rooms=limits, bus={"publish_interval_ms": 1}), "w1") as here:
        await here.create()
        for who in (ROLES["viewer"], ROLES["other host"], ROLES["host"], ROLES["viewer"]):
            await here.do(Comment(ref=1, text="hi"), who)
        await here.do(Comment(ref=1, text="hi"), ROLES["other host"])
        await here.do(Comment(ref=1, text="hi"), HOST)
        await here.do(Comment(ref=1, text="hi"), HOST)

        for who in (ROLES["viewer"], ROLES["other host"]):
            with pytest.raises(CommandError) as refused:
                await here.do(Comment(ref=1, text="hi"), who)
            assert refused.value.code == "rate_limited"
            assert 90_000 < (refused.value.retry_ms or 0) <= 100_001


@pytest.mark.parametrize("text", ["", "  \n\t ", "\x00\x07"])
async def test_a_comment_without_text_is_refused(here: Rig, text: str) -> None:
    with pytest.raises(CommandError) as refused:
        await here.do(Comment(ref=1, text=text), ROLES["viewer"])

    assert refused.value.code == "bad_message"


async def test_a_comment_is_put_on_one_line_and_may_not_be_too_long(
    here: Rig, room_settings: Settings
) -> None:
    ann = await here.join("ann")
    longest = "字" * room_settings.section(CommentSettings).comment_chars_max

    await here.do(Comment(ref=1, text=" two\r\n lines\x07 "), ROLES["viewer"])
    await here.do(Comment(ref=1, text=longest), ROLES["viewer"])
    with pytest.raises(CommandError) as refused:
        await here.do(Comment(ref=1, text=longest + "字"), ROLES["viewer"])

    heard = await ann.until(lambda m: m.get("text") == longest)
    assert heard[0]["text"] == "two lines"
    assert refused.value.code == "too_long"
    assert here.room.room_id == ROOM


async def test_the_host_is_not_muted_in_their_own_room(here: Rig) -> None:
    with pytest.raises(CommandError, match="host can't be muted"):
        await here.do(Mute(ref=1, user=HOST.user, seconds=60), ROLES["moderator"])
