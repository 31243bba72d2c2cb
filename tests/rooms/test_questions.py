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
    QuestionAnswer,
    QuestionDrop,
    QuestionOk,
    QuestionTake,
)
from server.features.asks.questions import NONE_KEPT_S, Questions, key_of
from server.features.asks.snapshot import ANSWERS_MAX
from server.features.comments.messages import Comment, Mute
from server.features.phases.messages import LiveEnd
from server.features.shelf.messages import Pin
from server.protocol.codes import CommandError
from server.protocol.message import Command
from server.protocol.roles import Role
from server.settings import Settings
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.asking import answer, ask, board, fill, question, quiet, shop
from tests.rooms.rig import HOST, ROOM, Rig, rig
from tests.rooms.rounds import facts, refusal, viewer
from tests.rooms.views import shown
from tests.stored import all_stored
from tests.torture.size import more

__all__ = ["shop"]


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


def test_questions_without_a_topic_are_the_same_in_the_same_words() -> None:
    assert key_of("mug", "size", "a") == key_of("mug", "size", "b")
    assert key_of("mug", "other", "Ça va ?") == key_of("mug", "other", "ca VA")
    assert key_of("mug", "other", "a") != key_of("mug", "other", "b")
    assert key_of("mug", "other", "a") != key_of("lamp", "other", "a")


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
