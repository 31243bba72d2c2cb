"""What is left of a text that people write."""

import pytest

from server.protocol.codes import CommandError
from server.protocol.commands import Comment
from server.rooms.plain_text import MARKS_MAX, plain_text
from tests.rooms.desk import Desk


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
async def test_a_comment_that_nobody_can_see_is_refused(here: Desk, text: str) -> None:
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
def test_what_is_invisible_or_piles_up_is_taken_out(text: str, left: str) -> None:
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
def test_what_a_script_or_an_emoji_needs_stays(text: str) -> None:
    assert plain_text(text) == text
