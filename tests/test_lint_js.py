"""The list of known findings in the JavaScript only ever shrinks."""

import json

import pytest

from tests.lint_js import KNOWN, TSC, lowered, tsc, worse

A1 = "a.js(1,2): error TS7006: Parameter 'x' implicitly has an 'any' type."
A2 = "a.js(2,2): error TS2339: Property 'y' does not exist."
B1 = "b.js(1,1): error TS7006: Parameter 'z' implicitly has an 'any' type."


def test_a_file_that_is_not_listed_may_have_no_finding() -> None:
    assert worse([A1, B1], {"a.js": 1}) == [B1]


def test_a_file_with_one_finding_more_than_listed_shows_them_all() -> None:
    assert worse([A1, A2], {"a.js": 1}) == [A1, A2]


def test_the_list_falls_to_what_is_found_and_never_rises() -> None:
    assert lowered([A1, B1], {"a.js": 2, "b.js": 0, "gone.js": 3}) == {"a.js": 1}


@pytest.mark.skipif(
    not TSC.exists(), reason="TypeScript is missing: make setup fetches it from npm"
)
def test_the_list_is_as_short_as_the_findings_allow() -> None:
    known = json.loads(KNOWN.read_text())
    found = tsc()
    assert worse(found, known) == []
    assert lowered(found, known) == known
