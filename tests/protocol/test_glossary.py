"""The glossary leads to where each word lives."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text("utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")][1:]


def test_every_word_stands_once() -> None:
    words = [row[0].strip() for row in ROWS]
    assert len(words) == len(set(words)) > 25


def test_every_word_lives_where_the_glossary_says() -> None:
    for word, _, where in ROWS:
        places = re.findall(r"`([^`]+)`", where)
        assert places, word
        for place in places:
            assert (ROOT / place).exists(), f"{word}: {place}"
