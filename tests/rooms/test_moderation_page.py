"""docs/moderation.md: each disguise of its table is found, and what is not found it says."""

import re
from pathlib import Path

import pytest

from server.features.rules.matching import Matcher
from server.features.rules.words import read_words

PAGE = (Path(__file__).parents[2] / "docs" / "moderation.md").read_text("utf-8")
DISGUISES = [
    shown
    for row in PAGE.partition("| is compared as |")[2].partition("\n\n")[0].splitlines()[2:]
    for shown in re.findall(r"`([^`]+)`", row.rpartition(" | ")[2].partition(" for ")[0])
]
MATCHER = Matcher(
    {
        word: word
        for word in ("fuck", "加微信", "1688", "shit", "ass", "anus", "milf", "fils de pute")
    },
    variants=read_words().variants,
)


@pytest.mark.parametrize("text", DISGUISES)
def test_each_disguise_of_the_table_is_found(text: str) -> None:
    assert MATCHER.first(text) in {"fuck", "加微信", "1688", "shit", "ass"}


@pytest.mark.parametrize("text", ["f.u-ck", "f u c k", "f u ck", "filsdepute", "参加微信群"])
def test_what_the_page_says_is_found_is_found(text: str) -> None:
    assert f"`{text}`" in PAGE
    assert MATCHER.first(text) is not None


@pytest.mark.parametrize("text", ["class", "21688", "an us", "mllf", "jia wei xin"])
def test_what_the_page_says_is_not_found_is_not_found(text: str) -> None:
    assert f"`{text}`" in PAGE
    assert MATCHER.first(text) is None


def test_the_table_is_read() -> None:
    assert len(DISGUISES) >= 15
