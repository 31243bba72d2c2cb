"""What is kept of a search, and the marks by which links name it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from server.features.insights.queries import goes_on, kept_query
from server.features.insights.search_marks import mark_of, query_id, query_in

KEY, OTHER = b"k" * 32, b"o" * 32


def test_the_same_words_are_one_query_and_what_may_be_about_a_person_is_not_kept() -> None:
    assert kept_query("阔腿裤  小个子") == kept_query("闊腿褲 小个子！") == "阔腿裤 小个子"
    assert kept_query("Wide-Leg TROUSERS") == kept_query("wide leg trousers")
    assert kept_query("size 38") == "size 38"
    assert kept_query("call 138 1234 5678") == kept_query("call 13812345678") == "call #"
    for nothing in ("", "a", "ann@shop.example", "13812345678", "4111-1111-1111-1111"):
        assert kept_query(nothing) == ""


@given(st.text(max_size=200))
def test_no_long_number_is_ever_kept(text: str) -> None:
    kept = kept_query(text)
    assert len(kept) <= 60
    assert not re.search(r"[0-9]{5,}", kept)


def test_typing_on_and_back_is_one_search() -> None:
    assert goes_on("阔", "阔腿裤")
    assert goes_on("阔腿裤", "阔腿")
    assert not goes_on("阔腿裤", "风衣")


@given(st.text(min_size=1), st.binary(min_size=6, max_size=6))
def test_only_the_key_reads_a_mark_and_an_edited_one_says_nothing(text: str, nonce: bytes) -> None:
    query = query_id(text)
    mark = mark_of(query, KEY, "ann", nonce)
    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", mark)
    assert query_in(mark, KEY, "ann") == (query, True)
    assert query_in(mark, OTHER, "ann").query == ""
    edited = ("B" if mark[0] == "A" else "A") + mark[1:]
    assert query_in(edited, KEY, "ann").query == ""
    assert query_in(mark, KEY, "ben").query == query_in(mark, KEY, "").query == ""
    of_guest = mark_of(query, KEY, "", nonce)
    assert query_in(of_guest, KEY, "ann") == query_in(of_guest, KEY, "") == (query, False)


def test_two_marks_of_one_query_are_different_and_junk_is_none() -> None:
    assert mark_of(query_id("tea"), KEY, "a") != mark_of(query_id("tea"), KEY, "a")
    for junk in ("", "é" * 24, "A" * 23, "A" * 64, "!" * 24):
        assert query_in(junk, KEY, "a").query == ""
