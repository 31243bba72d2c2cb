"""Questions that a product's sheet or its sale answers at once, and comments of no topic."""

import msgspec
import pytest
from msgspec.structs import replace

from server.features.asks.messages import Ask, AskOk, Question
from server.features.comments.messages import Comment, CommentOk
from server.features.coupons.messages import CouponOpen
from server.features.desk.messages import DeskOk, DeskOpen
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import Pin, ProductInput, ProofInput, ShelfPut
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.rig import Rig
from tests.rooms.rounds import refusal, viewer

CERTIFICATE = ProofInput("GIA", "2141", "https://gia.edu/2141")
RING = ProductInput("ring", "Silver ring", 9900, "CNY", flaws=["runs small"], proofs=(CERTIFICATE,))
BARE = ProductInput("mug", "Stone mug", 4900, "CNY")


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(asks={"questions_open_max": 4})


@pytest.fixture
async def shop(here: Rig) -> Rig:
    """The room with a ring, which is pinned, and a mug of which nothing is written."""
    for product in (RING, BARE):
        await here.do(ShelfPut(ref=1, product=product))
    await here.do(Pin(ref=1, sku="ring"))
    return here


async def say(shop: Rig, text: str, user: str = "ann") -> AskOk | CommentOk:
    await shop.heard_all()
    return expect(CommentOk, await shop.do(Comment(ref=1, text=text), viewer(user)))


async def queue(shop: Rig) -> dict[str, Question]:
    desk = expect(DeskOk, await shop.do(DeskOpen(ref=1))).desk
    return {question.text: question for question in desk.queue}


async def answer(shop: Rig, text: str, user: str = "ann") -> Question:
    reply = expect(AskOk, await say(shop, text, user))
    assert reply.answers is not None
    assert reply.question is None
    return reply.answers[0]


async def test_flaws_and_proofs_answer_at_once_and_the_host_sees_how_many_asked(shop: Rig) -> None:
    flaws = await answer(shop, "有什么缺点")
    again = await answer(shop, "any downsides?", "ben")
    proof = await answer(shop, "有证书吗")

    assert (flaws.answer, flaws.source, again.answer) == ("runs small", "product", "runs small")
    assert (proof.answer, proof.proofs[0].url) == ("GIA 2141", CERTIFICATE.url)
    asked = {text: (it.asked, it.source) for text, it in (await queue(shop)).items()}
    assert asked == {"有什么缺点": (2, "product"), "有证书吗": (1, "product")}


async def test_who_asks_again_after_the_sheet_wants_the_host(shop: Rig) -> None:
    await answer(shop, "有什么缺点")

    assert expect(AskOk, await say(shop, "有什么缺点")).question is not None
    assert (await queue(shop))["有什么缺点"].source == ""


async def test_a_discount_is_what_sale_and_coupons_say_now(shop: Rig) -> None:
    assert expect(AskOk, await say(shop, "有优惠吗")).answers is None  # neither is open
    sale = SaleOpen(ref=1, sku="ring", price=8900, stock=9, per_user=2, hold_s=60)
    await shop.do(replace(sale, kind="standing"))
    await shop.do(replace(sale, price=6900))
    await shop.do(CouponOpen(ref=1, title="C", quota=9, currency="CNY", percent=5))
    await shop.do(CouponOpen(ref=1, title="D", quota=9, currency="EUR", percent=5))

    found = await answer(shop, "两件有优惠吗", "ben")

    assert found.deal is not None
    assert (found.source, found.deal.price, found.deal.was) == ("sale", 6900, 8900)
    assert (found.deal.two, [it.title for it in found.deal.coupons]) == (13800, ["C"])


async def test_what_nobody_wrote_is_for_the_desk(shop: Rig) -> None:
    await shop.heard_all()
    asked = Ask(ref=1, sku="mug", text="any downsides?")

    assert expect(AskOk, await shop.do(asked, viewer("ann"))).question is not None


async def test_a_question_of_no_topic_reaches_the_desk_while_something_is_pinned(shop: Rig) -> None:
    await say(shop, "猫会抓坏吗？")
    await say(shop, "猫会抓坏吗！！", "ben")
    await say(shop, "你们都不睡觉吗")

    assert {text: it.asked for text, it in (await queue(shop)).items()} == {"猫会抓坏吗？": 2}


async def test_without_a_pin_a_question_of_no_topic_is_a_comment(here: Rig) -> None:
    assert type(await say(here, "猫会抓坏吗")) in (CommentOk, AskOk)
    assert await queue(here) == {}


async def test_chatter_drives_out_chatter_alone(shop: Rig) -> None:
    await shop.do(Ask(ref=1, sku="mug", text="能机洗吗"), viewer("eve"))
    for n, text in enumerate(("狗会咬坏吗", "能放冰箱吗", "会有味道吗", "会生锈吗")):
        await say(shop, text, f"u{n}")

    assert set(await queue(shop)) == {"能机洗吗", "会有味道吗", "会生锈吗"}


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/here", "ftp://a.b", "http://"])
def test_a_proof_leads_to_the_web_alone(url: str) -> None:
    raw = msgspec.json.encode({"label": "GIA", "url": url})

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=ProofInput)


async def test_a_proof_without_anything_to_see_is_refused(shop: Rig) -> None:
    blank = msgspec.structs.replace(RING, proofs=(ProofInput("\u200b"),))

    assert await refusal(shop.do(ShelfPut(ref=1, product=blank))) == "bad_message"
