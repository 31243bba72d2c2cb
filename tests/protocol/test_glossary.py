"""The glossary leads to where each word lives, and has a word for every module."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text("utf-8")
TABLES, _, TRADE = PAGE.partition("Words of the trade")
ROWS = [
    row
    for line in TABLES.splitlines()
    if line.startswith("| ") and (row := line.strip("|").split("|"))[0].strip() != "word"
]
PACKAGES = ("server", "client_sim", "loadtest")


def _singular(word: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if word.endswith(ending) and not word.endswith("ss"):
            return word.removesuffix(ending) + instead
    return word


def _key(words: str) -> str:
    """A word as it is compared: `Lucky draw`, `lucky_draws` and `Lucky draws` are one."""
    *front, last = re.split(r"[ _-]", words.strip().lower())
    return " ".join([*front, _singular(last)])


KNOWN = {_key(row[0]) for row in ROWS}
KNOWN |= {_key(word) for word in re.split(r"[,.]", TRADE.partition(":")[2]) if word.strip()}
LUCKY = {"lucky": "Lucky draw", "luckies": "Lucky draw"}
"""In code a lucky draw is a lucky, since `draw` is another thing."""


def _modules() -> list[str]:
    """The names of all modules and packages, each once.

    Those that Python itself names are left out, and features: each declares itself, and adding one
    shall touch no list. Upgrades of the records are numbered.
    """
    features = {path.parent.name for path in (ROOT / "server/features").glob("*/__init__.py")}
    found = {
        part.removesuffix(".py")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for part in path.relative_to(ROOT).parts
        if "web/pages" not in path.as_posix() and path.parent.name != "migrations"
    }
    found -= features.union(PACKAGES)
    return sorted(name for name in found if not name.startswith("__"))


def test_every_word_stands_once() -> None:
    words = [row[0].strip() for row in ROWS]
    assert len(words) == len(set(words)) > 25


def test_every_word_lives_where_the_glossary_says() -> None:
    for word, _, where in ROWS:
        places = re.findall(r"`([^`]+)`", where)
        assert places, word
        for place in places:
            assert (ROOT / place).exists(), f"{word}: {place}"


@pytest.mark.parametrize("name", _modules())
def test_every_module_is_named_by_a_word_of_the_glossary(name: str) -> None:
    """The whole name or its last word counts: a `cluster_bus` is a bus."""
    words = {_key(LUCKY.get(name, name)), _key(name.rpartition("_")[2])}
    assert words & KNOWN, (
        f"No word of docs/glossary.md names the module `{name}`: add one, or rename the module."
    )


def test_no_word_of_the_trade_is_also_explained() -> None:
    trade = {_key(word) for word in re.split(r"[,.]", TRADE.partition(":")[2]) if word.strip()}
    assert not trade & {_key(row[0]) for row in ROWS}
