"""What a stream leaves open: the next one of its host with the product has it in its queue."""

from msgspec.structs import replace

from server.access.auth import Identity
from server.features.asks.messages import (
    AskOk,
    Carried,
    EarlierAnswer,
    Question,
    QuestionAnswer,
    QuestionDrop,
    QuestionOk,
)
from server.features.desk.messages import DeskOk, DeskOpen
from server.features.phases.messages import LiveEnd
from server.features.shelf.messages import ShelfPut, ShelfRemove
from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.asking import (
    MUG,
    answer,
    ask_in,
    live_room,
    question,
    second_room,
    shop,
)
from tests.rooms.rig import HOST, ROOM, Rig, rig
from tests.rooms.rounds import refusal, sweep

__all__ = ["shop"]
MUG_2 = replace(MUG, sku="mug-2", title="Stone mug, second glaze", replaces="mug")


async def queue(shop: Rig, room: str, who: Identity = HOST) -> list[Question]:
    """The queue of a desk that is opened now."""
    return expect(DeskOk, await shop.do(DeskOpen(ref=1), who, room)).desk.queue


async def end(shop: Rig) -> None:
    """End the first stream, and let the sweeper come by."""
    await shop.do(LiveEnd(ref=1))
    await sweep(shop)


async def with_new_mug(shop: Rig, name: str) -> str:
    """A later stream of the host, with the newer version of the mug."""
    room = await live_room(shop, name, HOST.user)
    await shop.do(ShelfRemove(ref=1, sku="mug"), HOST, room)
    await shop.do(ShelfPut(ref=1, product=MUG_2), HOST, room)
    return room


async def test_open_questions_come_to_the_next_stream_with_the_product_or_its_newer_version(
    shop: Rig,
) -> None:
    for user in ("ann", "ben"):
        open_ = await question(shop, user, "能机洗吗")
    await question(shop, "ann", "包邮吗", "lamp")
    await answer(shop, await question(shop, "cid", "多大尺寸"), "30 cm")
    await end(shop)
    same, newer = await second_room(shop), await with_new_mug(shop, "r9")
    other = await second_room(shop, "h9")

    [at_same] = [each for each in await queue(shop, same) if each.sku == "mug"]
    [at_newer] = await queue(shop, newer)

    assert at_same.carried == Carried(room=ROOM, title="Tea", sku="mug")
    assert (at_newer.sku, at_newer.carried) == ("mug-2", at_same.carried)
    assert (at_newer.text, at_newer.asked, at_newer.user) == (open_.text, 2, "")
    assert await queue(shop, newer) == [at_newer], "it comes in once"
    assert await queue(shop, other, Identity("h9", "Mo", Role.HOST)) == []


async def test_what_the_next_stream_answers_or_drops_comes_no_more(shop: Rig) -> None:
    await question(shop, "ann", "能机洗吗")
    await question(shop, "ann", "包邮吗")
    await end(shop)
    room = await with_new_mug(shop, "r9")
    care, post = sorted(await queue(shop, room), key=lambda each: each.topic)
    answered = await shop.do(QuestionAnswer(ref=1, question=care.question, text="yes"), HOST, room)
    await shop.do(QuestionDrop(ref=1, question=post.question), HOST, room)

    assert expect(QuestionOk, answered).question.sku == "mug-2"
    assert await queue(shop, room) == []
    assert await queue(shop, await with_new_mug(shop, "r10")) == []


async def test_a_crash_between_the_steps_of_leaving_does_no_harm(shop: Rig) -> None:
    await question(shop, "ann", "能机洗吗")
    await end(shop)
    await shop.redis.zadd(shop.key("leaving"), {"questions": 1})  # as if it had not been noted
    await sweep(shop)
    room = await with_new_mug(shop, "r9")
    [left] = await queue(shop, room)
    assert left.asked == 1
    assert await shop.redis.exists(shop.key("leaving")) == 0


async def test_an_answer_about_the_earlier_version_is_shown_to_the_staff_alone(shop: Rig) -> None:
    await answer(shop, await question(shop, "ann", "多大尺寸"), "30 cm")
    room = await with_new_mug(shop, "r9")

    asked = expect(AskOk, await ask_in(shop, room, "ben", "尺寸多少", "mug-2"))

    assert asked.answers is None, "it may not be true of the newer one"
    assert asked.question is not None
    [shown] = await queue(shop, room)
    assert shown.earlier == EarlierAnswer(sku="mug", room="r1", answer="30 cm")
    told = expect(AskOk, await ask_in(shop, room, "cid", "尺寸多少", "mug-2")).question
    assert told is not None
    assert told.earlier is None


async def test_of_what_is_left_the_most_asked_is_kept_and_fits_the_queue(
    make_settings: MakeSettings,
) -> None:
    asks = {"questions_left_max": 2, "questions_open_max": 2, "questions_per_user_max": 9}
    async with rig(make_settings(asks=asks), "w1") as shop:
        await shop.create()
        await shop.do(ShelfPut(ref=1, product=MUG))
        await question(shop, "ann", "能机洗吗")
        await question(shop, "ben", "能机洗吗")
        await question(shop, "ann", "包邮吗")
        await end(shop)
        room = await live_room(shop, "r9", HOST.user)
        await shop.do(ShelfPut(ref=1, product=MUG), HOST, room)
        own = expect(AskOk, await ask_in(shop, room, "ann", "什么颜色")).question
        assert own is not None
        assert len(await queue(shop, room)) == 2
        await ask_in(shop, room, "ann", "多大尺寸")
        assert {each.topic for each in await queue(shop, room)} == {"care", "size"}


async def test_a_product_cannot_replace_itself(shop: Rig) -> None:
    put = ShelfPut(ref=1, product=replace(MUG, replaces="mug"))
    assert await refusal(shop.do(put)) == "bad_message"
