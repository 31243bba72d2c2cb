"""Texts taken apart into words, words one edit away, and where words stand in a text."""

import pytest

from server.features.search.highlights import matches_in, snippet_of
from server.features.search.query import pairs_of
from server.features.search.vocabulary import is_one_edit, variants
from server.features.search.words import runs_of, words_of, words_of_title


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("牛仔裤", ["牛仔", "牛仔裤"]),
        ("高腰闊腿褲", ["高", "腰", "阔", "腿", "裤"]),
        ("Robe d’ÉTÉ", ["robe", "d", "ete"]),
        ("龙井茶250g", ["龙井", "龙井茶", "250", "g"]),
        ("ｉＰｈｏｎｅ１６", ["iphone", "16"]),
        ("ไทย", ["ไท", "ทย"]),
        ("😀 !?", []),
        ("x" * 90, ["x" * 40]),
    ],
)
def test_a_text_is_taken_apart_by_its_scripts(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_title_is_also_found_by_the_characters_of_its_words() -> None:
    assert words_of_title("木木的店") == ["木木的", "店", "木", "的"]


def test_what_stands_together_is_characters_of_chinese_and_words_of_others() -> None:
    assert pairs_of(runs_of("阔腿裤")) == ["阔腿", "腿裤"]
    assert pairs_of(runs_of("silk dress 裙")) == ["silkdress"]


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("lamp", "lamp", True), ("lmap", "lamp", True), ("lam", "lamp", True),
        ("lamps", "lamp", True), ("lomp", "lamp", True), ("lo", "lamp", False),
        ("palm", "lamp", False), ("连衣群", "连衣裙", True), ("群衣连", "连衣裙", False),
    ],
)  # fmt: skip
def test_one_edit_is_a_letter_changed_missing_added_or_exchanged(
    one: str, other: str, near: bool
) -> None:
    assert is_one_edit(one, other) is near
    assert is_one_edit(other, one) is near


def test_words_one_edit_apart_share_a_variant() -> None:
    for one, other in (("kettel", "kettle"), ("manteua", "manteau"), ("连衣群", "连衣裙")):
        assert variants(one) & variants(other)
    assert variants("ab") == variants("2024") == variants("裙子") == set()


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("高腰阔腿裤", ["阔", "腿"], ["阔腿"]),
        ("Robe d’ÉTÉ", ["ete"], ["ÉTÉ"]),
        ("ＩＰＨＯＮＥ １６", ["iphone"], ["ＩＰＨＯＮＥ"]),
        ("bedside lamp", ["side"], []),
        ("250g装", ["g"], ["g"]),
        ("<b>腿</b>", ["腿"], ["腿"]),
    ],
)
def test_matches_are_ranges_of_the_text_as_it_was_written(
    text: str, words: list[str], found: list[str]
) -> None:
    assert [text[a:b] for a, b in matches_in(text, words)] == found


def test_a_snippet_is_cut_around_its_first_match_and_its_ranges_move_along() -> None:
    text = "一" * 100 + "阔腿裤" + "二" * 100
    snippet = snippet_of(text, ["阔腿", "裤"])
    assert snippet.text.startswith("…")
    assert snippet.text.endswith("…")
    assert [snippet.text[a:b] for a, b in snippet.matches] == ["阔腿裤"]
    assert snippet_of("短", ["长"]) == ("短", [])
