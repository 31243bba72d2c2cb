"""Each feature is what it declares: its folder, what it leans on, its scripts, its tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from server.feature import defined_in
from server.house import HOUSE
from server.protocol.message import Command
from server.rooms.fact_book import facts_in

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "server" / "features"
OWNERS = {
    key: name
    for name, f in HOUSE.features.items()
    for key in (*f.keys, *f.host_keys, *f.shared_keys)
}
LIBRARY = HOUSE.library
COMMANDS = [
    pytest.param(kind, id=str(kind.__struct_config__.tag))
    for feature in HOUSE.features.values()
    for kind in defined_in(feature.messages, Command)
]
FOR_ALL = ("protocol", "test_roles.py")
"""Tests that take every command alike; a command needs one of its own beside them."""
RUNS = ("run_script", "change")
"""Methods whose first argument names a script; some features have private ones of the name."""

each_feature = pytest.mark.parametrize("name", HOUSE.features)


class Uses(NamedTuple):
    """What the code of one feature names, as the features that own it."""

    surely: dict[str, str]
    """Owner -> what it uses of it: an import, a script, a key."""
    perhaps: set[str]
    """Owners of keys that some text in the code equals, whatever it is used for."""
    scripts: set[str]
    """Scripts it names, whosoever's."""


def trees(name: str) -> Iterator[ast.Module]:
    """The parsed modules of a feature."""
    for path in (FOLDER / name).rglob("*.py"):
        yield ast.parse(path.read_text("utf-8"))


def text_of(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def imported(node: ast.AST) -> list[str]:
    """The features that an import names."""
    if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(
        "server.features"
    ):
        return []
    parts = str(node.module).split(".")
    if len(parts) > 2:
        return [parts[2]]
    return [alias.name for alias in node.names if alias.name in HOUSE.features]


def key_named(node: ast.AST) -> str:
    """The key in `keys.room(room_id, "key")` and `keys.host(host, "key")`; else empty."""
    if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in ("room", "host"):
        return ""
    return text_of(node.args[1]) if len(node.args) == 2 else ""


def uses(name: str) -> Uses:
    """All that a feature uses of others, in Python and in Lua."""
    surely: dict[str, str] = {}
    perhaps, scripts = set(), set()
    for node in (node for tree in trees(name) for node in ast.walk(tree)):
        surely |= dict.fromkeys(imported(node), "an import")
        if key := key_named(node):
            surely[OWNERS.get(key, "")] = f"the key `{key}`"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            perhaps.add(OWNERS.get(node.value, ""))
            if "." in node.value and node.value in LIBRARY.scripts:
                scripts.add(node.value)
                surely[node.value.partition(".")[0]] = f"the script `{node.value}`"
    for file in (file for file in LIBRARY.files if file.folder == name):
        keys = file.head.get("keys", "").replace(",", " ").split()
        surely |= {OWNERS.get(key, ""): f"the key `{key}` in {file.path}" for key in keys}
        surely |= {LIBRARY.preludes[used].folder: f"`uses: {used}`" for used in file.uses}
        surely |= {
            HOUSE.facts.owners[kind]: f"the fact `{kind}` in {file.path}" for kind in facts_in(file)
        }
    for own in ("", name):
        surely.pop(own, None)
    return Uses(surely, perhaps, scripts)


def test_every_folder_of_features_declares_one() -> None:
    with_code = {path.parent.name for end in ("py", "lua") for path in FOLDER.glob(f"*/*.{end}")}
    assert {f"server/features/{name}/__init__.py" for name in with_code - set(HOUSE.features)} == (
        set()
    ), "each needs a FEATURE = Feature(...)"


@each_feature
def test_a_feature_declares_whatever_it_uses_of_others(name: str) -> None:
    feature = HOUSE.features[name]
    declared = {*feature.leans_on, *feature.reads}
    undeclared = {of: what for of, what in uses(name).surely.items() if of not in declared}
    assert undeclared == {}, f"add them to `reads` in server/features/{name}/__init__.py"


@each_feature
def test_a_feature_declares_nothing_that_it_does_not_use(name: str) -> None:
    feature, used = HOUSE.features[name], uses(name)
    vain = {*feature.leans_on, *feature.reads} - set(used.surely) - used.perhaps
    assert vain == set(), f"take them out of server/features/{name}/__init__.py"


def test_a_feature_has_its_name_in_one_of_its_two_lists() -> None:
    for name, feature in HOUSE.features.items():
        both = [*feature.leans_on, *feature.reads]
        assert sorted(set(both)) == sorted(both), name
        assert name not in both


@each_feature
def test_a_feature_names_only_scripts_that_there_are(name: str) -> None:
    for node in (node for tree in trees(name) for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "").strip("_") in RUNS:
            script = text_of(node.args[0]) if node.args else ""
            there = not script or script in LIBRARY.scripts
            assert there, f"there is no server/features/{script.replace('.', '/')}.lua"


def test_every_script_of_a_feature_is_named_by_code() -> None:
    named = {script for name in HOUSE.features for script in uses(name).scripts}
    assert {script for script in LIBRARY.scripts if "." in script} - named == set()


@pytest.mark.parametrize("kind", COMMANDS)
def test_every_command_has_a_test_of_its_own(kind: type[Command]) -> None:
    tag = str(kind.__struct_config__.tag)
    sent = re.compile(rf'\b{kind.__name__}\(|"{re.escape(tag)}"')
    tests = (
        path
        for path in (ROOT / "tests").rglob("*.py")
        if not set(FOR_ALL) & set(path.relative_to(ROOT).parts)
    )
    assert any(sent.search(path.read_text("utf-8")) for path in tests), (
        f"no test sends `{tag}`; write one in tests/features"
    )
