"""Comments that answer others, and the one that is pinned above all."""

import pytest

from server.access.auth import Identity
from server.features.comments import snapshot
from server.features.comments.messages import (
    Comment,
    CommentOk,
    CommentPin,
    CommentRemove,
    CommentUnpin,
    Mute,
    ReviewPass,
)
from server.features.rules.messages import Rules
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from tests.replies import expect
from tests.rooms.rig import ROOM, Rig

ANN = Identity("ann", "Ann", Role.VIEWER)
BEN = Identity("ben", "Ben", Role.VIEWER)
MO = Identity("mo", "Mo", Role.MODERATOR)


async def say(where: Rig, text: str, who: Identity, reply_to: str | None = None) -> str:
    said = expect(CommentOk, await where.do(Comment(ref=1, text=text, reply_to=reply_to), who))
    assert said.id is not None
    return said.id


async def test_an_answer_names_whom_it_answers_on_every_worker_and_after_a_review(
    here: Rig, there: Rig
) -> None:
    ann, ben = await here.join("ann"), await there.join("ben")
    asked = await say(here, "is it glazed?", ANN)
    await ben.until(lambda m: m.get("id") == asked)

    answer = await say(there, "it is", BEN, asked)
    await here.do(Rules(ref=1, review="all"), MO)
    held = await say(there, "on both sides", BEN, asked)
    await here.do(ReviewPass(ref=1, id=held), MO)

    heard = {m["id"]: m for m in await ann.until(lambda m: m.get("id") == held) if "id" in m}
    for comment in (answer, held):
        assert heard[comment]["reply"] == {"id": asked, "user": "ann", "name": "Ann"}


@pytest.mark.parametrize("way", ["never said", "taken back", "author muted", "too old"])
async def test_what_is_gone_is_not_answered(
    here: Rig, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(snapshot, "ANSWERABLE_MAX", 1)
    ben = await here.join("ben")
    asked = "c0" if way == "never said" else await say(here, "is it glazed?", ANN)
    if way == "taken back":
        await here.do(CommentRemove(ref=1, id=asked), MO)
    if way == "author muted":
        await here.do(Mute(ref=1, user="ann", seconds=60), MO)
    if way == "too old":
        later = await say(here, "and dishwasher safe?", MO)
        await ben.until(lambda m: m.get("id") == later)
    if way in ("taken back", "author muted"):
        await ben.until(lambda m: m["t"] == "removed")

    with pytest.raises(CommandError) as refused:
        await say(here, "it is", BEN, asked)

    assert refused.value.code == "not_found"


async def test_nobody_learns_of_a_shadow_mute_by_answering(here: Rig, there: Rig) -> None:
    """Own comments are answered as before; those whom the room shows nothing of them can't."""
    await here.do(Mute(ref=1, user="ann", seconds=60, shadow=True), MO)
    ann, ben = await there.join("ann"), await here.join("ben")
    unseen = await say(here, "is it glazed?", ANN)
    again = await say(there, "on both sides?", ANN, unseen)
    heard = await ann.until(lambda m: m.get("id") == again)
    assert heard[-1]["reply"] == {"id": unseen, "user": "ann", "name": "Ann"}
    seen = await say(here, "hello", BEN)
    assert [m["id"] for m in await ben.until(lambda m: m.get("id") == seen)] == [seen]

    await here.do(Rules(ref=1, review="all"), MO)
    held = await say(here, "and dishwasher safe?", ANN)
    for who, comment in ((BEN, unseen), (MO, unseen), (ANN, held), (BEN, held)):
        with pytest.raises(CommandError) as refused:
            await say(here, "it is", who, comment)
        assert refused.value.code == "not_found", (who.user, comment)
        with pytest.raises(CommandError) as refused:
            await here.do(CommentPin(ref=1, id=comment), MO)
        assert refused.value.code == "not_found"

    for comment in (unseen, held):
        await here.do(CommentRemove(ref=1, id=comment), MO)
    with pytest.raises(CommandError):
        await say(here, "is it?", ANN, unseen)
    last = await say(here, "bye", MO)
    assert "removed" not in {m["t"] for m in await ben.until(lambda m: m.get("id") == last)}


async def test_a_pinned_comment_is_shown_to_newcomers_until_it_is_unpinned_or_taken_back(
    here: Rig, there: Rig
) -> None:
    ben = await there.join("ben")
    first, second = await say(here, "ships tomorrow", ANN), await say(here, "free returns", MO)

    await here.do(CommentPin(ref=1, id=first), MO)
    await here.do(CommentPin(ref=1, id=first), MO)  # no news
    await here.do(CommentPin(ref=1, id=second), MO)
    await ben.until(lambda m: m["t"] == "comment_pin" and m.get("comment", {}).get("id") == second)
    assert (await here.directory.read(ROOM)).pinned_comment.id == second  # type: ignore[attr-defined]
    await here.do(CommentRemove(ref=1, id=second), MO)
    heard = await ben.until(lambda m: m["t"] == "comment_pin" and "comment" not in m)
    assert max(m["ver"] for m in heard if m["t"] == "comment_pin") == 3
    assert (await here.directory.read(ROOM)).pinned_comment is None  # type: ignore[attr-defined]

    await here.do(CommentPin(ref=1, id=first), MO)
    await here.do(Mute(ref=1, user="ann", seconds=60), MO)
    assert (await here.directory.read(ROOM)).pinned_comment is None  # type: ignore[attr-defined]
    await here.do(CommentUnpin(ref=1), MO)

    with pytest.raises(CommandError) as refused:
        await here.do(CommentPin(ref=1, id=first), MO)
    assert refused.value.code == "not_found"
