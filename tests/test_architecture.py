"""The drawing is of today's house: docs/architecture.md names every module, and no other.

Of a feature it names the modules that are not like those of every feature.
"""

import re
from pathlib import Path

import pytest

from server.house import HOUSE

ROOT = Path(__file__).parent.parent
DRAWING = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLAIN = frozenset(
    {"messages", "snapshot", "mine", "facts", "ledger_lines", "settings", "routes", "tables"}
    | {"projection"}
)
"""What the page's table of a feature's files explains once for all."""


def modules() -> set[str]:
    """`edge.listener`, `app`, …: every module of the server but the numbered upgrades."""
    server = ROOT / "server"
    found = {
        ".".join(path.relative_to(server).with_suffix("").parts) for path in server.rglob("*.py")
    }
    return {name for name in found if "__" not in name and ".migrations." not in name}


def drawn() -> str:
    """The tree at the top of the page: the engine."""
    return DRAWING.split("## The features")[0]


def listed() -> str:
    """The list of features, from the lowest to the highest."""
    [block] = re.findall(r"^    circles .*?(?=^\S)", DRAWING, re.MULTILINE | re.DOTALL)
    return str(block)


def places() -> list[list[str]]:
    """The features of each line of the list, from the top."""
    heads = re.findall(r"^    ((?:\w+, )*\w+)(?=$| {2,}| \()", listed(), re.MULTILINE)
    return [head.split(", ") for head in heads]


def own_modules(feature: str) -> set[str]:
    """The modules of a feature that are neither those of every feature nor called like it."""
    prefix = f"features.{feature}."
    names = {name.rpartition(".")[2] for name in modules() if name.startswith(prefix)}
    return names - PLAIN - {feature, feature.removesuffix("s")}


def test_every_module_of_the_engine_stands_in_the_drawing() -> None:
    words = set(re.findall(r"\w+", drawn()))
    engine = {name for name in modules() if not name.startswith("features.")}
    assert {name for name in engine if name.rpartition(".")[2] not in words} == set()


def test_every_module_the_text_names_exists() -> None:
    text = DRAWING.split("## The features")[1]
    folders = "|".join({name.split(".")[0] for name in modules() if "." in name})
    named = set(re.findall(rf"(?<![/.])\b(?:{folders})(?:\.(?!py\b)\w+)+", text))
    assert named - modules() == set()


@pytest.mark.parametrize("feature", HOUSE.features)
def test_the_list_names_the_modules_that_only_this_feature_has(feature: str) -> None:
    assert own_modules(feature) <= set(re.findall(r"\w+", listed()))


def test_the_list_names_only_modules_that_there_are() -> None:
    there = {name.rpartition(".")[2] for name in modules() if name.startswith("features.")}
    for line in listed().replace("pure: ", "").splitlines():
        cells = re.split(r" {2,}", line.strip())
        words = [cell for cell in cells[1:] if re.fullmatch(r"\w+(, \w+)*,?", cell)]
        named = {word for cell in words for word in cell.strip(",").split(", ")}
        assert named <= there, line


def test_the_list_names_only_features_that_there_are_each_once() -> None:
    named = [name for line in places() for name in line]
    assert sorted(named) == sorted(set(named))
    assert set(named) <= set(HOUSE.features)


def test_a_feature_of_the_list_leans_only_on_those_above_it() -> None:
    above: set[str] = set()
    for line in places():
        for name in line:
            feature = HOUSE.features[name]
            assert {*feature.leans_on, *feature.reads} <= above, f"{name} stands too high"
        above |= set(line)


def test_every_feature_that_others_lean_on_stands_in_the_list() -> None:
    named = {name for line in places() for name in line}
    leaned_on = {other for f in HOUSE.features.values() for other in (*f.leans_on, *f.reads)}
    assert leaned_on - named == set()
