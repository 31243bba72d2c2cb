"""Names of plain letters need no look at each character, and come out the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.protocol import plain_text

WAYS = (plain_text.plain_text, plain_text.plain_name, plain_text.hides_something)


@given(
    st.one_of(st.from_regex(plain_text._LETTERS, fullmatch=True), st.text(" \u00a0ab\u3042\u30fb"))
)
def test_plain_letters_come_out_as_any_text_would(text: str) -> None:
    found = [way(text) for way in WAYS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_text, "_LETTERS", re.compile("(?!)"))
        assert found == [way(text) for way in WAYS]


def test_all_of_the_letters_are_plain() -> None:
    every = [chr(code) for code in range(0x110000) if plain_text._LETTERS.fullmatch(chr(code))]
    shown = [char for char in every if char != " "]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_text, "_LETTERS", re.compile("(?!)"))
        assert [char for char in shown if plain_text.plain_text(char) != char] == []
