"""Texts that mean the same to a reader are folded to one; each strength leaves what it says."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.text.folding import folded, one_case, plain, squeezed, tag_key


@pytest.mark.parametrize(
    ("text", "cased", "without_accents", "letters"),
    [
        ("Ｌｉｎｋ ？", "link ?", "link?", "link"),
        ("  Où  est-il ?", "  où  est-il ?", "ou est-il?", "ouestil"),
        ("Cœur d’Été", "cœur d’été", "coeur d'ete", "cœurdete"),
        ("多 少 钱", "多 少 钱", "多少钱", "多少钱"),
        ("STRASSE straße", "strasse strasse", "strasse strasse", "strassestrasse"),
        ("ⓛⓘⓝⓚ № ５", "link no 5", "link no 5", "linkno5"),
        ("ガラス", "ガラス", "カ\u3099ラス", "ガラス"),
    ],
)
def test_each_strength_leaves_what_it_says(
    text: str, cased: str, without_accents: str, letters: str
) -> None:
    """`folded` is also stored, by its digest: no value here may change."""
    assert (one_case(text), folded(text), squeezed(plain(text))) == (
        cased,
        without_accents,
        letters,
    )


@pytest.mark.parametrize("spelled", ["OOTD", "#ootd", "＃ＯＯＴＤ", " # ootd "])
def test_all_spellings_of_a_tag_are_one(spelled: str) -> None:
    assert tag_key(spelled) == "ootd"
    assert tag_key("Petite  Size") == "petite size"


@given(st.text(string.printable))
def test_the_short_way_of_ascii_leads_to_the_same(text: str) -> None:
    """A letter at the end that is not ASCII sends the same text the long way."""
    assert one_case(text + "é") == one_case(text) + "é"
    assert folded(f"{text} x é").removesuffix(" e") == folded(f"{text} x")


@given(st.text(max_size=20))
def test_one_case_is_final(text: str) -> None:
    assert one_case(one_case(text)) == one_case(text)
