"""Patterns see what words see: a comment as it is compared."""

import pytest

from server.features.rules.patterns import Patterns, must_be_pattern
from server.text.readings import readings


def verdict(patterns: Patterns, text: str) -> str:
    found = [action for reading in readings(text) for action in patterns.find_in(reading)]
    return "block" if "block" in found else found[0] if found else ""


@pytest.mark.parametrize(
    ("pattern", "found", "passed"),
    [
        (
            r"\bvx\d+",
            ["VX123", "ｖｘ１２３", "v.x 1 2 3"],
            ["vxy", "class"],
        ),
        ("加.{0,3}微", ["加我微信", "加\u200b微", "加 🍎 微"], ["微加"]),
        ("wexin", ["wехin", "WEXIN", "w3xin"], ["wax"]),
        (r"[a-z]{3}\.com|dot com", ["abc dot com"], ["dotty"]),
    ],
)
def test_a_pattern_is_found_in_disguise(pattern: str, found: list[str], passed: list[str]) -> None:
    patterns = Patterns({pattern: "block"})
    assert [text for text in found if verdict(patterns, text) != "block"] == []
    assert [text for text in passed if verdict(patterns, text)] == []


def test_the_stricter_of_two_patterns_wins() -> None:
    assert verdict(Patterns({"tea": "hold", "tea pot": "block"}), "a tea pot") == "block"
    assert verdict(Patterns({"tea": "hold", "tea pot": "block"}), "a tea") == "hold"


@pytest.mark.parametrize("bad", ["(", "a**", r"(a)\1", "x*", "", "(?=a)", r"\Qa", "a)|(b"])
def test_what_is_no_pattern_is_refused_with_a_sentence(bad: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        must_be_pattern(bad)


@pytest.mark.parametrize("slow", [r"(?:\pL{1,20}){1,20}q", r"\pL{0,300}x", "(.{1,30}){1,30}q"])
def test_a_pattern_of_which_every_comment_would_take_long_is_refused(slow: str) -> None:
    with pytest.raises(ValueError, match=r"takes too long to look for"):
        must_be_pattern(slow)


@pytest.mark.parametrize("fine", [r"\b1[3-9]\d{9}\b", "加.{0,20}微", r"\pL+\d{5,11}", "a.{100}b"])
def test_a_pattern_as_people_write_them_is_taken(fine: str) -> None:
    must_be_pattern(fine)


def test_a_pattern_that_would_never_end_elsewhere_ends() -> None:
    patterns = Patterns({"(a+)+$": "block", "(.*a){20}": "hold"})
    assert verdict(patterns, "a" * 5000 + "!b") in ("", "hold", "block")
