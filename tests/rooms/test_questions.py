"""Questions: one queue for the host, answers for the room, kept with the product."""

import asyncio

import msgspec
import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.access.auth import Identity
from server.features.asks.messages import (
    Ask,
    AskOk,
    Question,
    QuestionAnswer,
    QuestionDrop,
    QuestionOk,
    QuestionTake,
)
from server.features.asks.questions import NONE_KEPT_S, Questions, key_of
from server.features.asks.snapshot import ANSWERS_MAX
from server.features.circles.group_ids import group_id
from server.features.comments.messages import Comment, Mute
from server.features.desk.messages import Desk, DeskOk, DeskOpen
from server.features.phases.messages import LiveEnd
from server.features.shelf.messages import Pin, ProductInput, ShelfPut
from server.protocol.codes import CommandError
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.call import Call
from server.settings import Settings
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig
from tests.rooms.rounds import facts, refusal, viewer
from tests.rooms.views import shown
from tests.stored import all_stored, entries
from tests.torture.size import more

MUG = ProductInput("mug", "Stone mug", 4900, "CNY")
DESK = {"held_max": 1, "muted_max": 1}
LAMP = ProductInput("lamp", "Oak lamp", 29900, "CNY")
_ANY = msgspec.msgpack.Decoder()


async def fill(here: Rig) -> None:
    for product in (MUG, LAMP):
        await here.do(ShelfPut(ref=1, product=product))


@pytest.fixture
async def shop(here: Rig) -> Rig:
    """The room with a mug and a lamp on its shelf."""
    await fill(here)
    return here


async def ask(shop: Rig, user: str, text: str, sku: str = "mug") -> Ok:
    """Ask by the button."""
    await shop.heard_all()
    return await shop.do(Ask(ref=1, sku=sku, text=text), viewer(user))


async def question(shop: Rig, user: str, text: str, sku: str = "mug") -> Question:
    """Ask by the button, where nothing was answered."""
    asked = expect(AskOk, await ask(shop, user, text, sku)).question
    assert asked is not None
    return asked


def quiet(told: Question) -> Question:
    """As others see what was asked by the button."""
    return msgspec.structs.replace(told, user="", name="")


async def answer(shop: Rig, asked: Question, text: str) -> Question:
    """Answer what was asked by the button; as everybody sees it."""
    done = expect(
        QuestionOk, await shop.do(QuestionAnswer(ref=1, question=asked.question, text=text))
    ).question
    return quiet(done)


async def board(shop: Rig) -> Desk:
    """What the desk shows."""
    return expect(DeskOk, await shop.do(DeskOpen(ref=1))).desk


async def queue(shop: Rig) -> list[tuple[str, str, int]]:
    return [(q.sku, q.topic, q.asked) for q in (await board(shop)).queue]


async def test_a_comment_that_asks_joins_the_queue_of_the_product_meant(shop: Rig) -> None:
    mei, ann = await shop.join("mei", role=Role.HOST), await shop.join("ann")
    await shop.do(Pin(ref=1, sku="lamp"))
    await shop.heard_all()

    pinned = expect(AskOk, await shop.do(Comment(ref=1, text="能机洗吗"), viewer("ann"))).question
    named = expect(AskOk, await shop.do(Comment(ref=1, text="mug多大尺寸"), viewer("ann"))).question

    assert pinned is not None
    assert named is not None
    assert (pinned.sku, pinned.topic, pinned.status) == ("lamp", "care", "open")
    assert (named.sku, named.topic, named.text, named.user) == ("mug", "size", "mug多大尺寸", "ann")
    heard = await mei.until(lambda m: m["t"] == "queue" and len(m["questions"]) == 2)
    assert [q["asked"] for q in heard[-1]["questions"]] == [1, 1]
    await shop.heard_all()
    assert all(m["t"] not in ("queue", "question") for m in ann.heard)


async def test_the_same_question_of_many_is_one_and_counts_each_of_them_once(shop: Rig) -> None:
    first = await question(shop, "ann", "多大尺寸")
    await question(shop, "ben", "尺寸多少啊")
    again = await question(shop, "ben", "what size is it?")
    other_product = await question(shop, "cid", "多大", sku="lamp")
    other_words = await question(shop, "cid", "和上次那款有什么区别")
    same_words = await question(shop, "dan", "和上次那款，有什么区别？")

    assert (again.question, again.asked, again.text) == (first.question, 2, "多大尺寸")
    assert other_product.question != first.question
    assert (same_words.question, same_words.asked) == (other_words.question, 2)
    assert await queue(shop) == [("mug", "size", 2), ("mug", "other", 2), ("lamp", "size", 1)]


async def test_only_the_staff_learns_which_user_asked_by_the_button(shop: Rig) -> None:
    ben = await shop.join("ben")
    asked = await question(shop, "ann", "多大尺寸")
    same = await question(shop, "ben", "尺寸多少啊")
    said = expect(AskOk, await shop.do(Comment(ref=1, text="mug多大尺寸"), viewer("cid"))).question
    assert said is not None
    [queued] = (await board(shop)).queue
    taken = expect(QuestionOk, await shop.do(QuestionTake(ref=5, question=asked.question))).question
    [told] = [m["question"] for m in await ben.until(lambda m: m["t"] == "question")
              if m["t"] == "question"]  # fmt: skip

    assert [q.user for q in (asked, queued, taken)] == ["ann"] * 3
    assert [(q.user, q.name) for q in (same, said)] == [("", "")] * 2
    assert (told["user"], told["name"]) == ("", "")
    view = shown(await shop.directory.read(ROOM))
    assert view.question is not None
    assert view.question.user == ""


async def test_the_author_of_a_question_asked_aloud_is_no_secret(shop: Rig) -> None:
    await shop.do(Comment(ref=1, text="mug多大尺寸"), viewer("ann"))

    assert (await question(shop, "ben", "尺寸多少啊")).user == "ann"


async def test_an_unanswered_question_is_not_looked_up_for_each_user_who_asks(
    shop: Rig,
) -> None:
    now = [0.0]
    features = Questions(shop.store, shop.settings, Metrics(), shop.directory.host_of,
                         lambda: now[0])  # fmt: skip
    key = shop.store.keys.host(HOST.user, "answers")
    kept = msgspec.msgpack.encode({"answered": 1} | msgspec.to_builtins(
        await question(shop, "ann", "多大尺寸")))  # fmt: skip
    assert await features._kept(HOST.user, "mug/size") is None
    await shop.redis.hset(key, "mug/size", kept)

    assert await features._kept(HOST.user, "mug/size") is None
    now[0] = NONE_KEPT_S
    assert await features._kept(HOST.user, "mug/size") is not None


async def test_questions_of_many_at_once_are_counted_whole(shop: Rig) -> None:
    texts = ["能机洗吗" if n % 3 else "包邮吗" for n in range(90)]
    asks = [Ask(ref=1, sku="mug", text=text) for text in texts]
    await asyncio.gather(*(shop.do(cmd, viewer(f"u{n}")) for n, cmd in enumerate(asks)))

    assert await queue(shop) == [("mug", "care", 60), ("mug", "delivery", 30)]


async def test_the_room_sees_which_question_is_being_answered_and_the_answer(
    shop: Rig, there: Rig
) -> None:
    ann = await there.join("ann")
    asked = await question(shop, "ann", "多大尺寸")

    taken = expect(QuestionOk, await shop.do(QuestionTake(ref=5, question=asked.question)))
    seen = shown(await there.directory.read(ROOM)).question
    done = await answer(shop, asked, " 30 cm\nhigh ")
    heard = await ann.until(lambda m: m["t"] == "question" and m["question"].get("answer") != "")

    told = [m["question"] for m in heard if m["t"] == "question"]
    assert taken.question is not None
    assert seen == quiet(taken.question)
    assert (seen.status, done.status, done.answer) == ("answering", "answered", "30 cm high")
    assert [q["status"] for q in told] == ["answering", "answered"]
    view = shown(await there.directory.read(ROOM))
    assert (view.question, view.answers) == (None, [done])
    assert await queue(shop) == []
    assert [(f["question"]["status"], f["by"]) for f in await facts(shop, "question")] == [
        ("answering", "h1"),
        ("answered", "h1"),
    ]


async def test_taking_another_question_puts_the_one_before_it_back(shop: Rig) -> None:
    size, care = await question(shop, "ann", "多大尺寸"), await question(shop, "ann", "能机洗吗")
    await shop.do(QuestionTake(ref=1, question=size.question))
    await shop.do(QuestionTake(ref=1, question=size.question))
    assert await queue(shop) == [("mug", "care", 1)]

    await shop.do(QuestionTake(ref=1, question=care.question))

    view = shown(await shop.directory.read(ROOM))
    assert view.question is not None
    assert view.question.question == care.question
    assert await queue(shop) == [("mug", "size", 1)]
    told = [
        (f["question"]["topic"], f["question"]["status"]) for f in await facts(shop, "question")
    ]
    assert told == [("size", "answering"), ("size", "open"), ("care", "answering")]


async def test_a_question_being_answered_takes_no_more_askers(shop: Rig) -> None:
    asked = await question(shop, "ann", "多大尺寸")
    await shop.do(QuestionTake(ref=1, question=asked.question))

    joined = await question(shop, "ben", "多大尺寸")

    assert (joined.question, joined.status, joined.asked) == (asked.question, "answering", 1)


async def test_a_user_who_asks_an_answered_question_gets_the_answers_and_nobody_is_bothered(
    shop: Rig,
) -> None:
    await shop.join("watcher")
    done = await answer(shop, await question(shop, "ann", "多大尺寸"), "30 cm")
    asked = await question(shop, "ann", "和上次的区别")
    other = await answer(shop, asked, "更大")
    await shop.heard_all()
    await shop.do(Pin(ref=1, sku="mug"))
    await shop.heard_all()

    by_comment = expect(AskOk, await shop.do(Comment(ref=3, text="尺寸多少？"), viewer("ben")))
    by_button = expect(AskOk, await ask(shop, "ben", "和上次的区别?"))

    assert (by_comment.answers, by_comment.question) == ([done], None)
    assert (by_button.answers, by_button.question) == ([other], None)
    assert await queue(shop) == []


async def test_a_user_who_asks_again_after_the_answers_joins_the_queue(shop: Rig) -> None:
    done = await answer(shop, await question(shop, "ann", "多大尺寸"), "30 cm")
    assert expect(AskOk, await ask(shop, "ben", "有大号的吗")).answers == [done]

    again = expect(AskOk, await ask(shop, "ben", "我是说有没有大号"))

    assert (again.answers, again.question and again.question.topic) == (None, "size")
    assert expect(AskOk, await ask(shop, "cid", "尺寸")).answers == [done]


async def test_an_answer_can_be_mended_and_taken_off_the_product(shop: Rig) -> None:
    asked = await question(shop, "ann", "多大尺寸")
    await answer(shop, asked, "30 m")
    mended = await answer(shop, asked, "30 cm")
    assert expect(AskOk, await ask(shop, "ben", "尺寸")).answers == [mended]

    dropped = expect(
        QuestionOk, await shop.do(QuestionDrop(ref=1, question=asked.question))
    ).question

    assert dropped is not None
    assert dropped.status == "dropped"
    assert shown(await shop.directory.read(ROOM)).answers == []
    assert expect(AskOk, await ask(shop, "cid", "尺寸")).question is not None
    for cmd in (
        QuestionTake(ref=1, question=asked.question),
        QuestionAnswer(ref=1, question=asked.question, text="yes"),
        QuestionDrop(ref=1, question="none"),
    ):
        assert await refusal(shop.do(cmd)) == "not_found"


async def test_an_answer_can_be_taken_up_again_and_goes_back_as_it_was(shop: Rig) -> None:
    size = await answer(shop, await question(shop, "ann", "多大尺寸"), "30 cm")
    care = await question(shop, "ann", "能机洗吗")
    await shop.do(QuestionTake(ref=1, question=size.question))
    assert shown(await shop.directory.read(ROOM)).answers == []

    await shop.do(QuestionTake(ref=1, question=care.question))

    assert shown(await shop.directory.read(ROOM)).answers == [size]


async def test_a_full_queue_forgets_the_least_asked_and_of_these_the_oldest(
    make_settings: MakeSettings,
) -> None:
    tight = make_settings(
        asks={"questions_open_max": 3, "questions_per_user_max": 9, "batch_interval_ms": 1}
    )
    async with rig(tight, "w1") as shop:
        await shop.create()
        await fill(shop)
        for user, text in (
            ("ann", "多大尺寸"),
            ("ben", "多大尺寸"),
            ("ann", "能机洗吗"),
            ("ann", "包邮吗"),
            ("ann", "什么颜色"),
        ):
            await question(shop, user, text)

        assert await queue(shop) == [
            ("mug", "size", 2),
            ("mug", "delivery", 1),
            ("mug", "colour", 1),
        ]
        assert await shop.redis.zcard(shop.key("askers")) == 4


async def test_a_user_has_few_open_questions_of_their_own(shop: Rig) -> None:
    for text in ("多大尺寸", "能机洗吗", "包邮吗", "什么颜色", "可以退吗"):
        await question(shop, "ann", text)

    assert await refusal(ask(shop, "ann", "是什么材质")) == "rate_limited"
    assert (await question(shop, "ann", "能机洗么?")).topic == "care"
    assert (await question(shop, "ben", "是什么材质")).topic == "material"


async def test_the_queue_shows_the_twenty_most_asked(make_settings: MakeSettings) -> None:
    async with rig(make_settings(asks={"batch_interval_ms": 1}), "w1") as shop:
        await shop.create()
        await fill(shop)
        for n in range(22):
            await question(shop, f"u{n}", f"其他的事 {n}")

        assert len(await queue(shop)) == 20
        assert await shop.redis.hlen(shop.key("questions")) == 22


async def test_a_user_who_asks_is_answered_while_the_staff_s_next_view_of_the_queue_still_waits(
    make_settings: MakeSettings,
) -> None:
    async with rig(make_settings(asks={"batch_interval_ms": 10_000}), "w1") as shop:
        await shop.create()
        await fill(shop)
        await shop.do(Pin(ref=1, sku="mug"))
        mei = await shop.join("mei", role=Role.HOST)

        asked = [
            expect(AskOk, await shop.do(Comment(ref=1, text="能机洗吗"), viewer(user))).question
            for user in ("ann", "ben", "cid")
        ]

        assert [each and each.asked for each in asked] == [1, 2, 3]
        assert await queue(shop) == [("mug", "care", 3)]
        await mei.until(lambda m: m["t"] == "queue")
        await shop.heard_all()
        assert sum(m["t"] == "queue" for m in mei.heard) == 1


async def test_all_that_was_asked_meanwhile_is_told_to_the_staff_at_once(
    make_settings: MakeSettings,
) -> None:
    async with rig(make_settings(asks={"batch_interval_ms": 200}), "w1") as shop:
        await shop.create()
        await fill(shop)
        mei = await shop.join("mei", role=Role.HOST)

        for user in ("ann", "ben", "cid"):
            await question(shop, user, "多大尺寸")

        heard = await mei.until(lambda m: m["t"] == "queue" and m["questions"][0]["asked"] == 3)
        assert sum(m["t"] == "queue" for m in heard) <= 3


async def test_asking_again_changes_no_count_and_tells_the_staff_nothing(shop: Rig) -> None:
    await question(shop, "ann", "多大尺寸")
    await shop.asks.aclose()
    mei = await shop.join("mei", role=Role.HOST)

    await question(shop, "ann", "多大尺寸")
    await shop.asks.aclose()
    await shop.heard_all()

    assert all(m["t"] != "queue" for m in mei.heard)


async def test_a_user_who_is_muted_asks_nobody_and_in_the_shadow_does_not_notice(shop: Rig) -> None:
    await shop.do(Mute(ref=1, user="ann", seconds=60))
    await shop.do(Mute(ref=1, user="ben", seconds=60, shadow=True))

    assert await refusal(ask(shop, "ann", "多大尺寸")) == "muted"
    assert (await question(shop, "ben", "多大尺寸")).asked == 1
    assert await queue(shop) == []


async def test_an_ended_room_takes_no_questions_but_they_can_be_answered(shop: Rig) -> None:
    asked = await question(shop, "ann", "多大尺寸")
    await shop.do(LiveEnd(ref=1))

    assert await refusal(ask(shop, "ben", "能机洗吗")) == "not_live"
    assert (await answer(shop, asked, "30 cm")).status == "answered"
    assert expect(AskOk, await ask(shop, "ben", "多大尺寸")).answers is not None


async def test_texts_have_bounds(shop: Rig) -> None:
    asked = await question(shop, "ann", "多大尺寸")

    assert await refusal(ask(shop, "ann", "尺" * 201)) == "too_long"
    assert await refusal(answer(shop, asked, "好" * 501)) == "too_long"
    assert await refusal(answer(shop, asked, " \n ")) == "bad_message"


async def test_more_answers_than_a_room_shows_forget_the_oldest_everywhere(shop: Rig) -> None:
    await shop.join("watcher")
    for n in range(ANSWERS_MAX + 3):
        await answer(shop, await question(shop, "ann", f"其他的事 {n}"), "好")
    await shop.heard_all()

    fresh = shown(await shop.directory.read(ROOM))
    assert [q.text for q in fresh.answers] == [f"其他的事 {n}" for n in range(3, ANSWERS_MAX + 3)]
    assert shown(shop.room.state.view()).answers == fresh.answers
    assert await shop.redis.hlen(shop.key("questions")) == ANSWERS_MAX


# Answers over the rooms of a host


async def second_room(shop: Rig, host: str = HOST.user) -> str:
    """Another live room, of the same host unless told."""
    return await live_room(shop, f"room-of-{host}", host)


async def live_room(shop: Rig, name: str, host: str) -> str:
    create = {"title": "Next", "host": host, "host_name": "M", "scheduled": 0, "epoch": "e2"}
    for script, args in (("room_create", create), ("phases.set", {"phase": "live"})):
        await shop.store.run_script(script, name, {"events_max": 1000} | args, _ANY)
    put = {"product": {"sku": "mug", "title": "Mug", "price": 1, "currency": "CNY"}}
    await shop.store.run_script("shelf.put", name, put | {"products_max": 9, "events_max": 9}, _ANY)
    return name


async def ask_in(shop: Rig, room: str, user: str, text: str, sku: str = "mug") -> Ok:
    return await shop.dispatch.run_command(Call(room, viewer(user)), Ask(ref=1, sku=sku, text=text))


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
    assert _ANY.decode(told[b"e"])["question"]["answer"] == "30 cm"
    assert expect(AskOk, await ask_in(shop, elsewhere, "ben", "尺寸多少")).question is not None


@pytest.fixture
async def group(shop: Rig) -> str:
    """The fan group of the host, with ann and ben in it."""
    name = await live_room(shop, group_id(HOST.user), HOST.user)
    for user in ("ann", "ben"):
        member = {"user": user, "name": user, "on": True, "members_max": 9}
        await shop.store.run_script("groups.put_member", name, member, _ANY)
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
    assert (await shop.store.run_script("desk.load_desk", group, DESK, _ANY))["due"] == []


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
    await shop.store.run_script("asks.answer_keep", HOST.user, args, _ANY)


async def kept_texts(shop: Rig) -> list[str]:
    values = await shop.redis.hvals(shop.store.keys.host(HOST.user, "answers"))
    return sorted(
        (_ANY.decode(value)["answer"] for value in all_stored(values)), key=lambda t: (len(t), t)
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


def test_questions_without_a_topic_are_the_same_in_the_same_words() -> None:
    assert key_of("mug", "size", "a") == key_of("mug", "size", "b")
    assert key_of("mug", "other", "Ça va ?") == key_of("mug", "other", "ca VA")
    assert key_of("mug", "other", "a") != key_of("mug", "other", "b")
    assert key_of("mug", "other", "a") != key_of("lamp", "other", "a")


# The copy equals a fresh load

small = st.integers(0, 4)
doing = st.one_of(
    st.builds(lambda user, topic: ("ask", user, topic), small, small),
    st.builds(lambda user, topic: ("ask", user, topic), small, small),
    st.builds(lambda what, n: (what, n, 0), st.sampled_from(["take", "answer", "drop"]), small),
)
TOPICS = ["尺寸", "能洗吗", "包邮", "颜色", "别的事"]


async def play(room_settings: Settings, steps: list[tuple[str, int, int]]) -> None:
    async with rig(room_settings, "w1") as shop:
        await shop.create()
        await fill(shop)
        await shop.join("watcher")
        known: list[str] = []
        for what, n, arg in steps:
            which = known[n % len(known)] if known else "none"
            commands: dict[str, tuple[Command, Identity]] = {
                "ask": (Ask(ref=1, sku="mug", text=TOPICS[arg]), viewer(f"u{n}")),
                "take": (QuestionTake(ref=1, question=which), HOST),
                "answer": (QuestionAnswer(ref=1, question=which, text="yes"), HOST),
                "drop": (QuestionDrop(ref=1, question=which), HOST),
            }
            try:
                done = await shop.do(*commands[what])
            except CommandError:
                continue
            assert isinstance(done, AskOk | QuestionOk)
            if done.question and done.question.question not in known:
                known.append(done.question.question)
        await shop.heard_all()

        assert shop.room.state.view() == await shop.directory.read(ROOM)
        opened = (await board(shop)).queue
        assert [q.status for q in opened] == ["open"] * len(opened)
        members = all_stored(await shop.redis.zrange(shop.key("askers"), 0, -1))
        asked = {q.question: q.asked for q in opened}
        counted = {name: sum(m.startswith(f"{name}/".encode()) for m in members) for name in asked}
        assert counted == asked


@pytest.mark.grows
def test_the_copy_of_a_room_equals_a_fresh_load_whatever_is_asked(
    make_settings: MakeSettings,
) -> None:
    run = 0

    @settings(
        max_examples=more(10, 100),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.lists(doing, min_size=3, max_size=25))
    def check(steps: list[tuple[str, int, int]]) -> None:
        nonlocal run
        run += 1
        made = make_settings()
        room_settings = make_settings(
            redis={"key_prefix": f"{made.redis.key_prefix}-{run}"},
            bus={"publish_interval_ms": 1},
            hub={"tick_ms_min": 1, "tick_ms_max": 1},
            asks={"batch_interval_ms": 1, "questions_open_max": 3, "questions_per_user_max": 2},
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(play(room_settings, steps))

    check()
