"""Answers outlast their room: they are offered in later rooms of the host, or in the group."""

import msgspec
import pytest

from server.features.asks.messages import (
    AskOk,
    Question,
    QuestionAnswer,
    QuestionDrop,
    QuestionOk,
)
from server.features.circles.group_ids import group_id
from server.rooms.call import Call
from tests.replies import expect
from tests.rooms.asking import (
    ANY,
    answer,
    ask,
    ask_in,
    board,
    live_room,
    question,
    quiet,
    second_room,
    shop,
)
from tests.rooms.rig import HOST, ROOM, Rig
from tests.rooms.views import shown
from tests.stored import all_stored, entries

__all__ = ["shop"]
DESK = {"held_max": 1, "muted_max": 1}


async def test_an_answer_is_offered_in_a_later_room_of_the_host_and_then_stands_there(
    shop: Rig,
) -> None:
    done = await answer(shop, await question(shop, "ann", "多大尺寸"), "30 cm")
    later, elsewhere = await second_room(shop), await second_room(shop, "h9")
    assert shown(await shop.directory.read(later)).answers == []

    offered = expect(AskOk, await ask_in(shop, later, "ben", "尺寸多少"))

    assert (offered.answers, offered.question) == ([done], None)
    assert shown(await shop.directory.read(later)).answers == [done]
    key = shop.store.keys.room(later, "events")
    [(_, told)] = entries(await shop.redis.xrevrange(key, count=1))
    assert ANY.decode(told[b"e"])["question"]["answer"] == "30 cm"
    assert expect(AskOk, await ask_in(shop, elsewhere, "ben", "尺寸多少")).question is not None


@pytest.fixture
async def group(shop: Rig) -> str:
    """The fan group of the host, with ann and ben in it."""
    name = await live_room(shop, group_id(HOST.user), HOST.user)
    for user in ("ann", "ben"):
        member = {"user": user, "name": user, "on": True, "members_max": 9}
        await shop.store.run_script("groups.put_member", name, member, ANY)
    return name


async def answer_in(shop: Rig, room: str, user: str, text: str, says: str) -> Question:
    """What a user asks there and the host answers."""
    asked = expect(AskOk, await ask_in(shop, room, user, text)).question
    assert asked is not None
    cmd = QuestionAnswer(ref=1, question=asked.question, text=says)
    done = expect(QuestionOk, await shop.dispatch.run_command(Call(room, HOST), cmd)).question
    return quiet(done)


async def test_answers_in_a_fan_group_stay_in_it(shop: Rig, group: str) -> None:
    secret = await answer_in(shop, group, "ann", "多大尺寸", "only for us: 25 cm")

    assert expect(AskOk, await ask_in(shop, group, "ben", "尺寸多少")).answers == [secret]
    assert expect(AskOk, await ask(shop, "cid", "尺寸多少")).answers is None
    assert shown(await shop.directory.read(ROOM)).answers == []
    assert await kept_texts(shop) == []
    assert (await shop.store.run_script("desk.load_desk", group, DESK, ANY))["due"] == []


async def test_an_answer_of_which_nobody_noted_the_room_is_offered_in_the_group_alone(
    shop: Rig, there: Rig, group: str
) -> None:
    """Fan groups' answers once went to the host's; such a copy tells not where it is from."""
    secret = await answer_in(shop, group, "ann", "多大尺寸", "only for us: 25 cm")
    await shop.dispatch.run_command(
        Call(group, HOST), QuestionDrop(ref=1, question=secret.question)
    )
    for given_in in ("", group):
        await keep(shop, secret, 1, 9, given_in)
        assert expect(AskOk, await ask(there, f"not {given_in}", "尺寸多少")).answers is None

    assert expect(AskOk, await ask_in(there, group, "ben", "尺寸多少")).answers == [secret]


async def test_the_group_is_offered_what_was_answered_in_public_and_may_mend_it_for_itself(
    shop: Rig, group: str
) -> None:
    done = await answer(shop, await question(shop, "ann", "多大尺寸"), "30 cm")
    assert expect(AskOk, await ask_in(shop, group, "ben", "尺寸多少")).answers == [done]

    mend = QuestionAnswer(ref=1, question=done.question, text="25 for you")
    await shop.dispatch.run_command(Call(group, HOST), mend)
    assert await kept_texts(shop) == ["30 cm"]

    await shop.dispatch.run_command(Call(group, HOST), QuestionDrop(ref=1, question=done.question))
    assert await kept_texts(shop) == []


async def test_an_answer_dropped_in_the_group_leaves_another_of_the_host_alone(
    shop: Rig, group: str
) -> None:
    secret = await answer_in(shop, group, "ann", "多大尺寸", "25 cm")
    await answer(shop, await question(shop, "ann", "多大尺寸"), "30 cm")

    await shop.dispatch.run_command(
        Call(group, HOST), QuestionDrop(ref=1, question=secret.question)
    )

    assert await kept_texts(shop) == ["30 cm"]


async def test_a_dropped_answer_is_offered_nowhere_any_more(shop: Rig) -> None:
    done = await answer(shop, await question(shop, "ann", "多大尺寸"), "30 cm")
    later = await second_room(shop)
    await ask_in(shop, later, "ben", "尺寸多少")

    await shop.dispatch.run_command(Call(later, HOST), QuestionDrop(ref=1, question=done.question))

    assert expect(AskOk, await ask_in(shop, later, "cid", "尺寸多少")).question is not None
    assert await shop.redis.hlen(shop.store.keys.host(HOST.user, "answers")) == 0


async def test_the_newest_answer_of_a_host_goes_over_older_ones_in_whatever_order(
    shop: Rig,
) -> None:
    asked = await question(shop, "ann", "多大尺寸")
    first, second = await answer(shop, asked, "30 m"), await answer(shop, asked, "30 cm")
    at = {first.answer: 1, second.answer: 2}
    await shop.redis.delete(shop.store.keys.host(HOST.user, "answers"))

    for kept in (second, first):
        await keep(shop, kept, at[kept.answer], 9)

    assert await kept_texts(shop) == ["30 cm"]


async def test_a_host_keeps_so_many_answers_and_the_oldest_go(shop: Rig) -> None:
    done = await answer(shop, await question(shop, "ann", "多大尺寸"), "0")
    await shop.redis.delete(shop.store.keys.host(HOST.user, "answers"))
    for n in range(25):
        await keep(
            shop, Question(**msgspec.to_builtins(done) | {"answer": str(n), "sku": f"s{n}"}), n, 20
        )

    texts = await kept_texts(shop)
    assert 18 <= len(texts) <= 20
    assert texts == sorted(map(str, range(25 - len(texts), 25)), key=int)


async def keep(
    shop: Rig, kept: Question, answered: int, kept_max: int, given_in: str = ROOM
) -> None:
    args = {
        "key": f"{kept.sku}/{kept.topic}",
        "question": msgspec.to_builtins(kept),
        "answered": answered,
        "given_in": given_in,
        "kept_max": kept_max,
    }
    await shop.store.run_script("asks.answer_keep", HOST.user, args, ANY)


async def kept_texts(shop: Rig) -> list[str]:
    values = await shop.redis.hvals(shop.store.keys.host(HOST.user, "answers"))
    return sorted(
        (ANY.decode(value)["answer"] for value in all_stored(values)), key=lambda t: (len(t), t)
    )


async def test_an_answer_that_never_reached_the_host_is_brought_when_the_desk_is_opened(
    shop: Rig,
) -> None:
    """As after a worker that died between the two steps."""
    asked = await question(shop, "ann", "多大尺寸")
    other = await question(shop, "ann", "能机洗吗")
    act = {"answers_max": 9, "by": "h1"}
    await shop.script("asks.answer", question=asked.question, text="30 cm", **act)
    await shop.script("asks.answer", question=other.question, text="能", **act)
    await shop.script("asks.drop", question=other.question, **act)
    key = shop.store.keys.host(HOST.user, "answers")
    assert await shop.redis.exists(key) == 0

    await board(shop)

    assert await kept_texts(shop) == ["30 cm"]
    assert await shop.redis.hlen(shop.key("questions")) == 1
    assert (await shop.script("desk.load_desk", held_max=1, muted_max=1))["due"] == []


async def test_an_answer_holds_though_the_hosts_answers_cannot_be_reached(shop: Rig) -> None:
    key = shop.store.keys.host(HOST.user, "answers")
    asked = await question(shop, "ann", "多大尺寸")
    await shop.redis.set(key, "no hash")

    assert (await answer(shop, asked, "30 cm")).status == "answered"

    await shop.redis.delete(key)
    await board(shop)
    assert await kept_texts(shop) == ["30 cm"]
