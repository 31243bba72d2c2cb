"""What is left of a text that people write."""

import pytest
from msgspec import structs

from server.features.comments.messages import Comment
from server.features.groups.groups import GroupBody
from server.features.notices.messages import Notice
from server.features.shelf.messages import ProductInput, ShelfPut
from server.protocol.codes import CommandError
from server.protocol.plain_text import plain_name
from server.protocol.room import RoomCreate
from server.rooms.plain_text import MARKS_MAX, plain_text
from tests.rooms.rig import HOST, ROOM, Rig
from tests.rooms.rounds import refusal
from tests.rooms.views import shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u200b",
        "\u2800",
        "\u3164",
        "\u115f\u1160",
        "\uffa0",
        "\u202e",
        "\u200d",
        "\ufe0f",
        "\x00",
    ],
    ids=ascii,
)
async def test_a_comment_that_nobody_can_see_is_refused(here: Rig, text: str) -> None:
    with pytest.raises(CommandError, match="The comment is empty") as refused:
        await here.do(Comment(ref=1, text=text * 3))
    assert refused.value.code == "bad_message"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("  two\n\tlines ", "two lines"),
        ("a\u202eb\u2066c\ufeff", "abc"),
        ("a \u200b b", "a b"),
        ("a\u3164\u2800b", "a b"),
        ("a\u200d", "a"),
        ("\u200da\u200d\u200db", "a\u200db"),
        ("e" + "\u0301" * 199, "e" + "\u0301" * MARKS_MAX),
        ("e" + "\u200d\u0301" * 99, "e" + "\u200d\u0301" * MARKS_MAX + "\u200d"),
    ],
    ids=ascii,
)
def test_invisible_characters_and_piles_of_marks_are_taken_out(text: str, left: str) -> None:
    assert plain_text(text).rstrip("\u200d") == left.rstrip("\u200d")


@pytest.mark.parametrize(
    "text",
    [
        "這個多少錢？",
        "می\u200cخواهم",
        "क्\u200dष",
        "👩\u200d❤\ufe0f\u200d👩",
        "👍🏽",
        "ที่นี่",
        "ế",
        "שָׁלוֹם",
    ],
    ids=ascii,
)
def test_characters_that_a_script_or_an_emoji_needs_stay(text: str) -> None:
    assert plain_text(text) == text


HIDDEN = "a\x00\u202eb \t\u200b c"
PRODUCT = ProductInput("mug", "Mug", 100, "CNY")


async def test_texts_of_hosts_are_shown_as_plain_text_too(here: Rig) -> None:
    await here.do(Notice(ref=1, text=HIDDEN))
    product = structs.replace(PRODUCT, title=HIDDEN, points=[HIDDEN], flaws=[HIDDEN])
    await here.do(ShelfPut(ref=1, product=product))
    group = await here.groups.put(HOST, HOST.user, GroupBody(HIDDEN))
    made = await here.directory.create(HOST, RoomCreate(room="r2", title=HIDDEN))

    room = shown(await here.directory.read(ROOM))
    [mug] = room.shelf
    assert {room.notice, mug.title, *mug.points, *mug.flaws} == {"ab c"}
    assert (group.title, made.title) == ("ab c", "ab c")


@pytest.mark.parametrize("title", ["\u202e", " \x00"], ids=ascii)
async def test_a_title_that_nobody_can_see_is_refused(here: Rig, title: str) -> None:
    product = structs.replace(PRODUCT, title=title)

    assert await refusal(here.do(ShelfPut(ref=1, product=product))) == "bad_message"
    assert await refusal(here.groups.put(HOST, HOST.user, GroupBody(title))) == "bad_message"
    created = here.directory.create(HOST, RoomCreate(room="r2", title=title))
    assert await refusal(created) == "bad_message"


@pytest.mark.parametrize("sku", ["m\x00ug", "mug\u202e", " ", "\u200b", "m\nug"], ids=ascii)
async def test_a_sku_that_hides_something_is_refused(here: Rig, sku: str) -> None:
    product = structs.replace(PRODUCT, sku=sku)

    assert await refusal(here.do(ShelfPut(ref=1, product=product))) == "bad_message"
    await here.do(ShelfPut(ref=1, product=structs.replace(PRODUCT, sku="茶杯 250 g")))


NAMES = {
    "\u202eavort": "avort",
    "\u2067ann": "ann",
    "ann\u2066": "ann",
    "Mei\u200d": "Mei",
    "M\u200bei": "Mei",
    "M\u200dei": "Mei",
    "M\u00adei": "Mei",
    "\u2060\ufeffMei": "Mei",
    "ann\u2028Mei: all free!": "ann Mei: all free!",
    "ann\u2029bob": "ann bob",
    "ann\x85bob": "ann bob",
    "ann\x9b31m": "ann31m",
    "ann\x1b[31m": "ann[31m",
    "ann\nbob\tcat": "ann bob cat",
    "a" + "\u0301" * 39: "a" + "\u0301" * MARKS_MAX,
    "a" + "\u0489" * 39: "a" + "\u0489" * MARKS_MAX,
    "\u0301\u0302bob": "bob",
    " \u3000 a \u3164 b ": "a b",
    "\U000e0041ann\U000e0042": "ann",
    "\uf8ffann": "ann",
}
"""A name -> how it is shown."""

NOBODY = [
    "", "   ", "\u200b\u200b", "\u3164", "\u2800", "\u115f\u1160", "\uffa0", "\u202e\u202c",
    "\u200d", "\u0301\u0302", "\ufe0f", "\u00a0", "\x00", "\x9b", "\u034f",
]  # fmt: skip
"""Names that show nothing."""

REAL_NAMES = [
    "Léa", "小满", "小满 Xiaoman", "O’Brien", "María José", "Nguyễn Thị Ánh", "محمد", "שָׁלוֹם",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "क्\u200dष", "สมหญิง", "ｍｅｉ", "김하늘",
    "Ann 👩\u200d👧", "🏳\ufe0f\u200d🌈", "👩🏽\u200d🚀", "a.b_c-1",
]  # fmt: skip
"""Names as people write them, in scripts and emoji that need joiners and marks."""


@pytest.mark.parametrize(("name", "shown"), NAMES.items(), ids=ascii)
def test_a_name_is_shown_without_what_hides_turns_or_piles_up(name: str, shown: str) -> None:
    assert plain_name(name) == shown
    assert plain_name(shown) == shown


@pytest.mark.parametrize("name", NOBODY, ids=ascii)
def test_nothing_is_left_of_a_name_that_nobody_can_see(name: str) -> None:
    assert plain_name(name) == ""


@pytest.mark.parametrize("name", REAL_NAMES, ids=ascii)
def test_a_name_that_people_have_stays_as_it_is(name: str) -> None:
    assert plain_name(name) == name
