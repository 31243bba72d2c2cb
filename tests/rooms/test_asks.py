"""Who asks for the link gets the product's card at once; host and moderators see how many do."""

import asyncio
from typing import Any, Literal

import pytest

from server.access.auth import Identity
from server.features.asks.messages import Ask, AskOk, Card, QuestionAnswer
from server.features.comments.messages import Comment, CommentOk, Mute, ReviewPass, Slow
from server.features.desk.messages import DeskOk, DeskOpen
from server.features.follows.messages import Follow
from server.features.moderators.messages import ModeratorAdd
from server.features.rules.messages import Rules, WordsPut
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import Pin, Product, ShelfRemove
from server.features.stock.messages import SaleOk
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.settings import Settings, SettingsError
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, put_on_shelf, rig
from tests.rooms.rounds import facts, refusal, viewer

SOFA = Product("sofa", "云朵沙发 三人位", 199900, "CNY", points=["坐感软"])
MUG = Product("mug", "Stone mug", 4900, "CNY")
LAMP = Product("lamp", "Oak lamp", 29900, "CNY")


@pytest.fixture
async def shop(here: Rig) -> Rig:
    """The room with a sofa, a mug and a lamp on its shelf."""
    for product in (SOFA, MUG, LAMP):
        await here.do(put_on_shelf(product))
    return here


async def say(shop: Rig, text: str, who: Identity | None = None) -> Ok:
    """The reply to a comment, once what it asks is counted and this worker knows the room."""
    await shop.heard_all()
    reply = await shop.do(Comment(ref=7, text=text), who or viewer("ann"))
    await shop.asks.aclose()
    return reply


async def counts(shop: Rig) -> dict[str, int]:
    return expect(DeskOk, await shop.do(DeskOpen(ref=1))).desk.asks


@pytest.mark.parametrize(
    ("text", "product", "by"),
    [
        ("2号链接", MUG, "number"),
        ("三号多少钱", LAMP, "number"),
        ("how much is no. 1?", SOFA, "number"),
        ("沙发多少钱", SOFA, "words"),
        ("How much is the LAMP?", LAMP, "words"),
        ("9号的杯子，求链接", MUG, "pin"),
        ("求链接", MUG, "pin"),
        ("沙发和mug都求链接", MUG, "words"),
    ],
)
async def test_the_card_is_of_the_product_named_by_its_place_or_title_else_of_the_pin(
    shop: Rig, text: str, product: Product, by: Literal["number", "words", "pin"]
) -> None:
    await shop.join("watcher")
    await shop.do(Pin(ref=1, sku="mug"))

    reply = expect(AskOk, await say(shop, text))

    assert (reply.id is not None, reply.card) == (True, Card(product=product, by=by))
    assert await counts(shop) == {product.sku: 1}


async def test_a_room_that_is_not_open_here_is_read(shop: Rig) -> None:
    assert shop.open_room(ROOM) is None
    await shop.do(Pin(ref=1, sku="lamp"))

    assert expect(AskOk, await say(shop, "combien ?")).card == Card(product=LAMP, by="pin")
    assert expect(AskOk, await say(shop, "沙发多少钱")).card == Card(product=SOFA, by="words")


async def test_the_shelf_as_it_is_now_is_what_titles_are_looked_for_in(shop: Rig) -> None:
    await shop.join("watcher")
    assert expect(AskOk, await say(shop, "mug link please")).card == Card(product=MUG, by="words")

    renamed = Product("mug", "Stone cup", 4900, "CNY")
    await shop.do(put_on_shelf(renamed))
    assert expect(AskOk, await say(shop, "mug, price please?")).card is None
    assert expect(AskOk, await say(shop, "cup price please")).card == Card(
        product=renamed, by="words"
    )

    await shop.do(ShelfRemove(ref=1, sku="sofa"))
    assert expect(AskOk, await say(shop, "1号链接")).card == Card(product=renamed, by="number")


async def test_the_card_names_the_sale_that_is_open_else_the_next_one(shop: Rig) -> None:
    await shop.join("watcher")
    sale = SaleOpen(ref=1, sku="mug", price=1, stock=1, per_user=1, hold_s=60)
    later = expect(SaleOk, await shop.do(SaleOpen(**fields(sale), starts_in_s=900))).sale
    sooner = expect(SaleOk, await shop.do(SaleOpen(**fields(sale), starts_in_s=600))).sale
    assert later is not None
    assert sooner is not None
    scheduled = expect(AskOk, await say(shop, "mug link please"))
    await shop.do(sale)
    opened = expect(SaleOk, await shop.do(sale)).sale
    now = expect(AskOk, await say(shop, "link of the mug please, link?"))

    assert [r.card and r.card.sale for r in (scheduled, now)] == [
        sooner.sale,
        opened.sale,
    ]
    assert expect(AskOk, await say(shop, "lamp link please")).card == Card(
        product=LAMP, by="words", sale=""
    )


def fields(sale: SaleOpen) -> dict[str, Any]:
    return {name: getattr(sale, name) for name in sale.__struct_fields__ if name != "starts_in_s"}


async def test_an_ask_of_no_product_is_counted_as_such(shop: Rig) -> None:
    reply = expect(AskOk, await say(shop, "求链接"))

    assert (reply.card, await counts(shop)) == (None, {"": 1})
    [fact] = await facts(shop, "asks")
    assert fact["asks"] == [{"user": "ann", "sku": "", "by": "", "pinned": ""}]


async def test_a_comment_that_asks_for_nothing_is_answered_with_its_id_alone(shop: Rig) -> None:
    await shop.do(Pin(ref=1, sku="mug"))

    reply = expect(CommentOk, await say(shop, "my screen is blinking"))

    assert reply == CommentOk(ref=7, id=reply.id)
    assert await shop.redis.exists(shop.key("asks"), shop.key("questions")) == 0


async def test_all_of_a_hundred_who_ask_at_once_are_answered_and_counted(
    shop: Rig, there: Rig
) -> None:
    """More users than may say the same otherwise (`moderation.flood_users_max`)."""
    await shop.do(Pin(ref=1, sku="mug"))
    asking = [
        (shop, there)[n % 2].do(Comment(ref=1, text="link please"), viewer(f"u{n}"))
        for n in range(100)
    ]
    replies = [expect(AskOk, reply) for reply in await asyncio.gather(*asking)]
    await asyncio.gather(shop.asks.aclose(), there.asks.aclose())

    assert [reply.held for reply in replies] == [None] * 100
    assert {reply.card and reply.card.product.sku for reply in replies} == {"mug"}
    assert await counts(shop) == {"mug": 100}


async def test_a_comment_that_asks_for_nothing_is_held_to_the_limit_of_floods(shop: Rig) -> None:
    talking = [shop.do(Comment(ref=1, text="first time here"), viewer(f"u{n}")) for n in range(40)]
    replies = await asyncio.gather(*talking, return_exceptions=True)

    assert len([one for one in replies if isinstance(one, CommandError)]) == 9


async def test_a_user_who_repeats_their_own_ask_is_refused(shop: Rig) -> None:
    await shop.do(Pin(ref=1, sku="mug"))
    await say(shop, "where can I buy this?")

    assert await refusal(say(shop, "where can I buy this?")) == "rate_limited"
    assert await counts(shop) == {"mug": 1}


async def test_only_the_author_hears_of_the_answer(shop: Rig) -> None:
    ann, ben = await shop.join("ann"), await shop.join("ben")

    await say(shop, "mug link please")
    await shop.notice("the end")
    for guest in (ann, ben):
        heard = await guest.until(lambda m: m["t"] == "notice")
        assert [m["t"] for m in heard] == ["comment", "notice"]


async def test_host_and_moderators_hear_the_counts_and_viewers_do_not(
    shop: Rig, there: Rig
) -> None:
    mei, mo = await shop.join("mei", role=Role.HOST), await there.join("mo", role=Role.MODERATOR)
    ann = await there.join("ann")
    for user, text in (("ann", "mug link please"), ("ben", "2号链接"), ("cid", "1号多少钱")):
        await say(shop, text, viewer(user))

    wanted = {"t": "asks", "counts": {"mug": 2, "sofa": 1}}
    for staff in (mei, mo):
        heard = await staff.until(lambda m: m == wanted)
        sizes = [sum(m["counts"].values()) for m in heard if m["t"] == "asks"]
        assert sizes == sorted(sizes)
    await there.heard_all()
    assert {m["t"] for m in ann.heard} <= {"comment", "online"}


async def test_a_user_who_asks_again_soon_gets_the_card_and_counts_once(shop: Rig) -> None:
    for text in ("mug link please", "mug, how much?", "mug price?"):
        assert expect(AskOk, await say(shop, text)).card is not None
    await say(shop, "lamp link please")

    assert await counts(shop) == {"mug": 1, "lamp": 1}
    assert [len(fact["asks"]) for fact in await facts(shop, "asks")] == [1, 1]


async def test_each_ask_is_a_fact_with_what_was_pinned_then(shop: Rig) -> None:
    await say(shop, "mug link please")
    await shop.do(Pin(ref=1, sku="sofa"))
    await say(shop, "mug link please", viewer("ben"))
    await say(shop, "求链接", viewer("ben"))

    asks = [ask for fact in await facts(shop, "asks") for ask in fact["asks"]]
    assert asks == [
        {"user": "ann", "sku": "mug", "by": "words", "pinned": ""},
        {"user": "ben", "sku": "mug", "by": "words", "pinned": "sofa"},
        {"user": "ben", "sku": "sofa", "by": "pin", "pinned": "sofa"},
    ]


async def test_asks_of_many_at_once_are_counted_in_few_calls(shop: Rig) -> None:
    users = [viewer(f"u{n}") for n in range(300)]

    await asyncio.gather(*(shop.do(Ask(ref=1, sku="mug"), who) for who in users))
    await shop.asks.aclose()

    assert await counts(shop) == {"mug": 300}
    assert len(await facts(shop, "asks")) < 300


async def test_the_button_asks_about_its_own_product(shop: Rig) -> None:
    await shop.do(Pin(ref=1, sku="mug"))

    reply = await shop.do(Ask(ref=4, sku="lamp"), viewer("ann"))
    said = await shop.do(Ask(ref=5, sku="lamp", text="多少钱"), viewer("ann"))
    await shop.asks.aclose()

    assert reply == AskOk(ref=4, card=Card(product=LAMP, by="sku"))
    assert said == AskOk(ref=5, card=Card(product=LAMP, by="sku"))
    assert await counts(shop) == {"lamp": 1}
    assert await refusal(shop.do(Ask(ref=1, sku="hat"), viewer("ann"))) == "not_found"


async def test_comments_of_host_and_moderators_are_not_counted(shop: Rig) -> None:
    reply = await say(shop, "链接在1号", HOST)
    await say(shop, "1号链接", Identity("mo", "Mo", Role.MODERATOR))
    asked = await shop.do(Ask(ref=1, sku="mug"))
    await shop.do(ModeratorAdd(ref=1, user="ann"))
    by_room = await say(shop, "1号链接", viewer("ann"))
    await shop.do(Ask(ref=1, sku="mug"), viewer("ann"))
    await shop.asks.aclose()

    for each in (reply, by_room):
        assert isinstance(each, CommentOk)
        assert not isinstance(each, AskOk)
    assert isinstance(asked, AskOk)
    assert (asked.card and asked.card.product, await counts(shop)) == (MUG, {})


async def test_a_comment_that_is_refused_asks_for_nothing(shop: Rig) -> None:
    await shop.do(Pin(ref=1, sku="mug"))
    await shop.script("phases.set", phase="ended")

    assert await refusal(say(shop, "求链接")) == "not_live"
    assert await counts(shop) == {}


async def test_a_comment_stands_also_when_its_question_is_not_taken(
    room_settings: Settings, make_settings: MakeSettings
) -> None:
    tight = make_settings(asks={"questions_per_user_max": 1}, rooms={"comments_burst": 9})
    async with rig(tight, "w1") as shop:
        await shop.create()
        first = expect(AskOk, await shop.do(Comment(ref=1, text="包邮吗"), viewer("ann")))
        second = expect(AskOk, await shop.do(Comment(ref=1, text="有什么颜色"), viewer("ann")))

    assert (first.question is not None, second.id is not None, second.question) == (
        True,
        True,
        None,
    )


async def test_a_comment_that_waits_for_review_is_answered_and_counts_when_it_is_passed(
    shop: Rig,
) -> None:
    await shop.do(Rules(ref=1, review="all"))

    held = expect(AskOk, await say(shop, "mug link please, 能机洗吗"))
    assert (held.held, held.card) == (True, Card(product=MUG, by="words"))
    assert held.question is not None
    view = expect(DeskOk, await shop.do(DeskOpen(ref=1))).desk
    assert (view.asks, view.queue) == ({}, [])

    assert held.id is not None
    await shop.do(ReviewPass(ref=1, id=held.id))
    await shop.asks.aclose()
    view = expect(DeskOk, await shop.do(DeskOpen(ref=1))).desk
    assert (view.asks, [q.text for q in view.queue]) == ({"mug": 1}, ["mug link please, 能机洗吗"])


async def test_a_user_who_is_muted_in_the_shadow_is_answered_like_anybody_and_counts_nowhere(
    shop: Rig,
) -> None:
    await shop.do(Mute(ref=1, user="ann", seconds=60, shadow=True))

    reply = expect(AskOk, await say(shop, "mug link please, 能机洗吗"))

    assert reply.card == Card(product=MUG, by="words")
    assert reply.question is not None
    assert (reply.question.asked, reply.question.status) == (1, "open")
    assert await shop.redis.exists(shop.key("asks"), shop.key("questions")) == 0


async def test_a_question_by_the_button_has_no_blocked_words(shop: Rig) -> None:
    await shop.do(WordsPut(ref=1, words=["fake"], action="block"))
    await shop.do(WordsPut(ref=1, words=["cheap"], action="hold"))

    asked = Ask(ref=1, sku="mug", text="is it fake?")
    assert await refusal(shop.do(asked, viewer("ann"))) == "forbidden"
    assert expect(AskOk, await shop.do(asked)).question is not None
    held = expect(AskOk, await shop.do(Ask(ref=1, sku="mug", text="is it cheap?"), viewer("ann")))
    assert held.question is not None


async def test_a_user_who_is_muted_can_not_ask_by_the_button_whatever_it_is(shop: Rig) -> None:
    await answered(shop, "能机洗吗")
    await shop.do(Mute(ref=1, user="ann", seconds=60))

    for text in ("", "mug link please", "能机洗吗", "包邮吗"):
        cmd = Ask(ref=1, sku="mug", text=text)
        assert await refusal(shop.do(cmd, viewer("ann"))) == "muted"
    await shop.asks.aclose()
    assert await shop.redis.exists(shop.key("asks")) == 0


async def test_an_ask_by_the_button_in_the_shadow_has_no_effect_on_the_room(
    shop: Rig,
) -> None:
    await answered(shop, "能机洗吗")
    await shop.redis.delete(shop.key("questions"))  # so that only the host's answers have it
    await shop.do(Mute(ref=1, user="ann", seconds=60, shadow=True))
    before = await shop.redis.hget(shop.key("room"), "seq")

    link = expect(AskOk, await shop.do(Ask(ref=1, sku="mug"), viewer("ann")))
    open_ = expect(AskOk, await shop.do(Ask(ref=1, sku="mug", text="包邮吗"), viewer("ann")))
    known = expect(AskOk, await shop.do(Ask(ref=1, sku="mug", text="能机洗吗"), viewer("ann")))
    await shop.asks.aclose()

    assert link.card is not None
    assert open_.question is not None
    assert known.answers is not None
    assert await shop.redis.exists(shop.key("asks"), shop.key("questions")) == 0
    assert await shop.redis.hget(shop.key("room"), "seq") == before


async def answered(shop: Rig, text: str) -> None:
    """Have the host answer this about the mug."""
    asked = expect(AskOk, await shop.do(Ask(ref=1, sku="mug", text=text), viewer("zoe"))).question
    assert asked is not None
    await shop.do(QuestionAnswer(ref=1, question=asked.question, text="yes"))


async def test_with_followers_only_only_they_ask_in_words(shop: Rig) -> None:
    await shop.do(Rules(ref=1, followers_only=True))
    asked = Ask(ref=1, sku="mug", text="能机洗吗")

    assert await refusal(shop.do(asked, viewer("ann"))) == "forbidden"
    assert expect(AskOk, await shop.do(Ask(ref=1, sku="mug"), viewer("ann"))).card is not None
    await shop.do(Follow(ref=1), viewer("ann"))
    assert expect(AskOk, await shop.do(asked, viewer("ann"))).question is not None
    assert expect(AskOk, await shop.do(asked)).question is not None


async def test_in_slow_mode_who_asks_in_words_has_spoken(shop: Rig) -> None:
    await shop.do(Slow(ref=1, seconds=600))
    asked = Ask(ref=1, sku="mug", text="能机洗吗")

    assert expect(AskOk, await shop.do(asked, viewer("ann"))).question is not None
    assert await refusal(shop.do(asked, viewer("ann"))) == "rate_limited"
    assert await refusal(shop.do(Comment(ref=1, text="hi"), viewer("ann"))) == "rate_limited"
    await shop.do(Comment(ref=1, text="hi"), viewer("ben"))
    assert await refusal(shop.do(asked, viewer("ben"))) == "rate_limited"
    for who in (viewer("ben"), HOST):
        assert expect(AskOk, await shop.do(Ask(ref=1, sku="mug"), who)).card is not None
    assert expect(AskOk, await shop.do(asked)).question is not None


async def test_a_word_blocked_on_another_worker_is_refused_in_a_question_at_once(
    shop: Rig, there: Rig
) -> None:
    asked = Ask(ref=1, sku="mug", text="is it fake?")
    assert expect(AskOk, await shop.do(asked, viewer("ann"))).question is not None

    await there.do(WordsPut(ref=1, words=["fake"], action="block"))

    assert await refusal(shop.do(asked, viewer("ben"))) == "forbidden"


async def test_the_rules_file_of_the_settings_is_used(make_settings: MakeSettings) -> None:
    with pytest.raises(SettingsError, match=r"asks\.rules_file = 'none\.toml' can't be read"):
        async with rig(make_settings(asks={"rules_file": "none.toml"}), "w1"):
            pass


async def test_a_group_of_asks_that_fails_is_not_the_viewers_concern(shop: Rig) -> None:
    await shop.redis.delete(shop.key("asks"))
    await shop.redis.set(shop.key("asks"), "no hash")

    reply = expect(AskOk, await shop.do(Ask(ref=1, sku="mug"), viewer("ann")))
    await shop.asks.aclose()

    assert reply.card is not None
    with pytest.raises(CommandError):
        await shop.do(DeskOpen(ref=1))


async def test_an_ask_that_could_not_be_counted_is_answered_and_seen_in_the_metrics(
    shop: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shop.store.run_script

    async def away(script: str, *args: Any) -> Any:
        if script == "asks.add":
            raise CommandError("unavailable", "Gone.")
        return await run(script, *args)

    monkeypatch.setattr(shop.store, "run_script", away)
    reply = expect(AskOk, await shop.do(Ask(ref=1, sku="mug"), viewer("ann")))
    await shop.asks.aclose()

    assert reply.card == Card(product=MUG, by="sku")
    assert shop.metrics.registry.get_sample_value("liveroom_asks_lost_total") == 1
