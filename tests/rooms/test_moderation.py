"""Moderation as people in a room meet it: words, review, shadows, moderators, followers."""

import asyncio
from typing import Any

import pytest

from server.access.auth import Identity
from server.features.actions.actions import Actions
from server.features.asks.messages import Ask
from server.features.comments.messages import (
    Comment,
    CommentKeep,
    CommentOk,
    CommentRemove,
    Mute,
    ReviewDrop,
    ReviewPass,
)
from server.features.follows.messages import Follow
from server.features.moderators.messages import ModeratorAdd, ModeratorRemove, ModeratorsOk
from server.features.notices.messages import Notice
from server.features.rules.messages import Rules, WordsOk, WordsPut, WordsRemove
from server.features.shelf.messages import ProductInput, ShelfPut
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig

ANN = Identity("ann", "Ann", Role.VIEWER)
BEN = Identity("ben", "Ben", Role.VIEWER)
MO = Identity("mo", "Mo", Role.MODERATOR)


async def say(where: Rig, text: str, who: Identity = ANN) -> Ok:
    return await where.do(Comment(ref=1, text=text), who)


async def refused(doing: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        await doing
    return caught.value


def texts(heard: list[dict[str, Any]]) -> list[str]:
    return [message["text"] for message in heard if message["t"] == "comment"]


async def test_a_word_works_on_every_worker_from_the_ok_on(here: Rig, there: Rig) -> None:
    await say(here, "kaufen hier")
    await say(there, "kaufen dort", BEN)

    put = expect(WordsOk, await here.do(WordsPut(ref=1, words=["kaufen"], action="block"), MO))

    for where, who in ((here, ANN), (there, BEN), (here, BEN), (there, ANN)):
        assert (await refused(say(where, "K A U F E N", who))).code == "forbidden"
    await here.do(WordsRemove(ref=1, words=["kaufen"]), MO)
    assert expect(CommentOk, await say(there, "kaufen wir")).id
    assert put.total == 1


async def test_while_words_change_no_comment_slips_by_on_any_worker(here: Rig, there: Rig) -> None:
    """Each round a word is blocked while comments with it pour in on both workers."""
    for round_ in range(6):
        word, told = f"wort{'abcdef'[round_]}", asyncio.Event()

        async def pour(where: Rig, who: Identity, word: str, told: asyncio.Event) -> list[bool]:
            """Whether each comment was accepted that began after the rule was told."""
            slipped = []
            for n in range(40):
                is_late = told.is_set()
                try:
                    await say(where, f"{word} {n}", who)
                except CommandError as exc:
                    assert exc.code == "forbidden"  # noqa: PT017 - it may be either
                else:
                    slipped.append(is_late)
            return slipped

        async def block(word: str, told: asyncio.Event) -> None:
            await here.do(WordsPut(ref=1, words=[word], action="block"), MO)
            told.set()

        pouring = [
            asyncio.create_task(
                pour(where, Identity(f"{name}{round_}", name, Role.VIEWER), word, told)
            )
            for where in (here, there)
            for name in ("a", "b", "c")
        ]
        await block(word, told)
        assert not any(any(slipped) for slipped in await asyncio.gather(*pouring))


async def test_the_words_of_the_server_hold_in_every_room(here: Rig) -> None:
    assert (await refused(say(here, "ＦＵＣＫ this"))).code == "forbidden"
    assert expect(CommentOk, await say(here, "加.薇.信 看图")).held is True
    assert expect(CommentOk, await say(here, "fuck", HOST)).held is None


async def test_a_words_file_of_ones_own_takes_the_place_of_the_packaged(
    make_settings: MakeSettings, tmp_path: Any
) -> None:
    path = tmp_path / "words.txt"
    path.write_text("[block]\ncucumber\n", encoding="utf-8")
    async with rig(make_settings(moderation={"words_file": str(path)}), "w1") as alone:
        await alone.create()

        assert (await refused(say(alone, "a cucumber"))).code == "forbidden"
        assert expect(CommentOk, await say(alone, "fuck")).id


async def test_a_held_comment_is_seen_by_nobody_until_it_is_passed(here: Rig, there: Rig) -> None:
    ann, ben = await here.join("ann"), await there.join("ben")
    mo = await there.join("mo", role=Role.MODERATOR)
    await here.do(Rules(ref=1, review="all"), MO)

    reply = expect(CommentOk, await say(here, "may I?"))
    [review] = [m for m in await mo.until(lambda m: m["t"] == "review") if m["t"] == "review"]
    await say(here, "quiet, please", HOST)
    for guest in (ann, ben):
        await guest.until(lambda m: m.get("text") == "quiet, please")
    late = await there.join("late")

    assert reply.held is True
    assert (review["total"], review["held"][0]["text"]) == (1, "may I?")
    assert [texts(guest.heard) for guest in (ann, ben)] == [["quiet, please"]] * 2
    assert [c["text"] for c in late.joined["room"]["comments"]] == ["quiet, please"]

    await there.do(ReviewPass(ref=1, id=str(reply.id)), MO)
    for guest in (ann, ben, late):
        await guest.until(lambda m: m.get("text") == "may I?")
    assert (await refused(there.do(ReviewDrop(ref=1, id=str(reply.id)), MO))).code == "not_found"


async def test_a_shadow_is_seen_by_its_author_and_the_staff_alone(here: Rig, there: Rig) -> None:
    ann, twin, ben = await here.join("ann"), await there.join("ann"), await there.join("ben")
    mo = await there.join("mo", role=Role.MODERATOR)
    await say(there, "before")
    await here.do(Mute(ref=1, user="ann", seconds=60, shadow=True), MO)

    reply = expect(CommentOk, await say(here, "buy at mine"))
    await say(here, "welcome", HOST)
    for guest in (ann, twin, ben, mo):
        await guest.until(lambda m: m.get("text") == "welcome")
    late = await there.join("late")

    own = [m for m in ann.heard if m.get("text") == "buy at mine"]
    assert (reply.held, [m["id"] for m in own]) == (None, [reply.id])
    assert "shadow" not in own[0]
    assert sorted(texts(ann.heard)) == sorted(texts(twin.heard))
    assert [m["t"] for m in (*ann.heard, *ben.heard) if m["t"] != "comment"] == []
    assert texts(ben.heard) == ["before", "welcome"]
    assert [m.get("shadow") for m in mo.heard if m.get("text") == "buy at mine"] == [True]
    assert [c["text"] for c in late.joined["room"]["comments"]] == ["before", "welcome"]


@pytest.mark.parametrize("user", ["*staff", "staff", "*"])
async def test_nobody_is_called_like_the_staff(here: Rig, there: Rig, user: str) -> None:
    named, mo = await there.join(user), await there.join("mo", role=Role.MODERATOR)

    await here.do(ModeratorAdd(ref=1, user=user))
    await here.do(Mute(ref=2, user=user, seconds=60), MO)
    await here.do(Notice(ref=3, text="over"))
    for guest in (named, mo):
        await guest.until(lambda m: m["t"] == "notice")

    assert [m["t"] for m in named.heard if m["t"] in ("role", "muted")] == ["role", "muted"]
    assert [m["t"] for m in mo.heard if m["t"] in ("role", "muted")] == []


async def test_the_removal_of_a_shadow_is_heard_by_its_author_and_the_staff_alone(
    here: Rig, there: Rig
) -> None:
    ann, ben = await here.join("ann"), await there.join("ben")
    mo = await there.join("mo", role=Role.MODERATOR)
    await here.do(Mute(ref=1, user="ann", seconds=60, shadow=True), MO)
    shadow = expect(CommentOk, await say(here, "buy at mine"))
    assert shadow.id is not None

    await here.do(CommentRemove(ref=1, id=shadow.id), MO)
    await say(here, "welcome", HOST)

    for guest in (ann, mo):
        await guest.until(lambda m: m["t"] == "removed" and m["id"] == shadow.id)
    await ben.until(lambda m: m.get("text") == "welcome")
    assert [m["t"] for m in ben.heard] == ["comment"]


async def test_comments_in_the_shadow_are_not_missed_by_anybody(here: Rig, there: Rig) -> None:
    ben = await there.join("ben")
    await here.do(Mute(ref=1, user="ann", seconds=60, shadow=True), MO)

    for n in range(3):
        await say(here, f"shadow {n}")
        await say(here, f"light {n}", HOST)
    await ben.until(lambda m: m.get("text") == "light 2")

    assert [m for m in ben.heard if m["t"] == "gap"] == []


async def test_followers_only_lets_followers_speak_and_the_staff(here: Rig, there: Rig) -> None:
    ben = await there.join("ben")
    await there.do(Follow(ref=1), ANN)
    await here.do(Rules(ref=1, followers_only=True), MO)
    await ben.until(lambda m: m["t"] == "room" and m["followers_only"])

    stranger = await refused(say(there, "me too", BEN))
    await say(there, "I follow")
    await say(there, "I host", HOST)
    await say(here, "I moderate", MO)
    await there.do(Follow(ref=1), BEN)

    assert stranger.code == "forbidden"
    assert expect(CommentOk, await say(here, "now I do", BEN)).id


async def test_a_moderator_by_room_moderates_at_once_and_no_longer_than_allowed(
    here: Rig, there: Rig
) -> None:
    ann = await there.join("ann")
    assert (await refused(there.do(Notice(ref=1, text="x"), ANN))).code == "forbidden"

    added = expect(ModeratorsOk, await here.do(ModeratorAdd(ref=1, user="ann")))
    await there.do(Notice(ref=1, text="by Ann"), ANN)
    await ann.until(lambda m: m["t"] == "role" and m["role"] == "moderator")
    await here.do(ModeratorRemove(ref=1, user="ann"))

    assert added.total == 1
    for where in (here, there):
        assert (await refused(where.do(Notice(ref=1, text="y"), ANN))).code == "forbidden"


async def test_a_moderator_by_room_runs_no_room(here: Rig) -> None:
    await here.do(ModeratorAdd(ref=1, user="ann"))

    assert (await refused(here.do(ModeratorAdd(ref=1, user="ben"), ANN))).code == "forbidden"
    assert (await refused(here.do(ModeratorRemove(ref=1, user="ann"), ANN))).code == "forbidden"
    assert (await refused(here.do(ModeratorAdd(ref=1, user="ben"), MO))).code == "forbidden"


async def test_a_moderator_by_room_sees_what_the_staff_sees_from_that_moment(
    here: Rig, there: Rig
) -> None:
    ann, ben = await there.join("ann"), await there.join("ben")
    await here.do(ModeratorAdd(ref=1, user="ann"))
    await ann.until(lambda m: m["t"] == "role")
    again = await there.join("ann")
    await here.do(WordsPut(ref=1, words=["psst"], action="hold"), MO)
    await say(here, "psst", BEN)
    for guest in (ann, again):
        await guest.until(lambda m: m["t"] == "review")

    await here.do(ModeratorRemove(ref=1, user="ann"))
    await ann.until(lambda m: m["t"] == "role" and m["role"] == "viewer")
    await say(here, "psst psst", BEN)
    await there.heard_all()
    late = await there.join("ann")  # let in at the pass after

    assert again.joined["you"]["role"] == "moderator"
    assert [len([m for m in g.heard if m["t"] == "review"]) for g in (ann, again)] == [1, 1]
    assert [m for m in ben.heard if m["t"] in ("role", "review")] == []
    assert late.joined["you"]["role"] == "viewer"


async def test_a_user_who_moderates_by_token_stays_moderator(here: Rig) -> None:
    mo = await here.join("mo", role=Role.MODERATOR)
    await here.do(ModeratorAdd(ref=1, user="mo"))
    await here.do(ModeratorRemove(ref=1, user="mo"))
    await here.do(Rules(ref=1, review="all"), MO)
    await say(here, "hello")

    await mo.until(lambda m: m["t"] == "review")
    assert [m for m in mo.heard if m["t"] == "role"] == []


async def test_a_worker_that_missed_it_learns_who_moderates_from_the_stream(
    here: Rig, there: Rig
) -> None:
    ann = await there.join("ann")
    there.deafen()
    await here.do(ModeratorAdd(ref=1, user="ann"))
    there.listen()
    there.room.maybe_lost()

    await ann.until(lambda m: m["t"] == "role")
    assert ann.exempt is True


async def test_after_a_loss_on_the_bus_a_desk_is_true_again(here: Rig, there: Rig) -> None:
    mo, ann = await there.join("mo", role=Role.MODERATOR), await there.join("ann")
    await here.do(Rules(ref=1, review="all"), MO)
    await here.do(
        ShelfPut(ref=1, product=ProductInput(sku="tea", title="Tea", price=9, currency="EUR"))
    )
    there.deafen()
    await say(here, "may I?")
    await here.do(Ask(ref=1, sku="tea"), ANN)
    await here.do(Ask(ref=1, sku="tea", text="is it organic?"), ANN)
    await here.asks.aclose()
    await there.heard_all()
    there.listen()
    there.cut()

    await mo.until(lambda m: m["t"] == "review" and m["total"] == 1)
    await mo.until(lambda m: m["t"] == "asks" and m["counts"] == {"tea": 1})
    await mo.until(lambda m: m["t"] == "queue" and m["questions"][0]["text"] == "is it organic?")
    assert not [m for m in ann.heard if m["t"] in ("review", "asks", "queue")]


async def test_the_same_text_is_refused_and_short_ones_are_not(here: Rig) -> None:
    await say(here, "什么时候发货到里昂呀")

    repeated = await refused(say(here, "什么时候 发货到里昂呀！！"))
    for _ in range(3):
        await say(here, "求链接")

    assert repeated.code == "rate_limited"
    assert repeated.retry_ms
    assert expect(CommentOk, await say(here, "什么时候发货到里昂呀", BEN)).id


async def test_the_log_says_who_did_what(here: Rig) -> None:
    reply = expect(CommentOk, await say(here, "nice"))
    await here.do(CommentKeep(ref=1, id=str(reply.id)), MO)
    await here.do(WordsPut(ref=1, words=["bah"], action="block"))
    await here.do(Rules(ref=1, review="new"), MO)
    await here.do(Notice(ref=1, text="Hi"))
    await here.do(Mute(ref=1, user="ben", seconds=60), MO)
    actions = Actions(here.store)

    page = await actions.page(ROOM)
    newest = await actions.page(ROOM, count=2)
    older = await actions.page(ROOM, newest.next or "", count=2)

    done = [(fact["k"], fact["by"]) for fact in page.actions]
    assert done == [
        ("mute", "mo"), ("notice", "h1"), ("rules", "mo"), ("words", "h1"), ("comment", "mo"),
    ]  # fmt: skip
    assert page.next is None
    assert [*newest.actions, *older.actions] == page.actions[:4]


async def test_acts_of_viewers_push_nothing_out_of_the_log(here: Rig) -> None:
    await here.do(Notice(ref=1, text="first"))
    await here.do(Follow(ref=1), ANN)
    await here.do(Notice(ref=1, text="last"))
    await here.redis.xtrim(here.key("timeline"), maxlen=0)  # as if viewers had filled it

    page = await Actions(here.store).page(ROOM)
    rows = [row async for row in Actions(here.store).csv(ROOM)]

    assert [fact["text"] for fact in page.actions] == ["last", "first"]
    assert "".join(rows).count("notice") == 2
