"""The drawing is of today's house: docs/architecture.md names every module, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DRAWING = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def modules() -> set[str]:
    """`edge.listener`, `app`, … : every module of the server."""
    server = ROOT / "server"
    found = {
        ".".join(path.relative_to(server).with_suffix("").parts) for path in server.rglob("*.py")
    }
    return {name for name in found if "__" not in name}


def drawn() -> str:
    """The tree at the top of the page."""
    return DRAWING.split("`client_sim/` and `loadtest/`")[0]


def test_every_module_stands_in_the_drawing() -> None:
    words = set(re.findall(r"\w+", drawn()))
    assert {name for name in modules() if name.rpartition(".")[2] not in words} == set()


def test_every_module_the_text_names_exists() -> None:
    text = DRAWING.split("`client_sim/` and `loadtest/`")[1]
    named = set(re.findall(r"\b(?:edge|rooms|hub|store|web|protocol|features)(?:\.\w+)+", text))
    assert named - modules() == set()
