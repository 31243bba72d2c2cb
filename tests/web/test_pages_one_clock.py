"""Pages do nothing again and again but by `Repeat`, which rests in hidden tabs and backs off."""

from pathlib import Path

PAGES = Path(__file__).parents[2] / "server" / "web" / "pages"
BY_ITSELF = {"liveroom.js"}
"""Stands alone, without the modules of the pages: it listens for silence on its connection."""


def test_no_page_makes_an_interval_of_its_own() -> None:
    scripts = [path for path in PAGES.rglob("*.js") if path.name not in BY_ITSELF]
    own = [path.name for path in scripts if "setInterval" in path.read_text("utf-8")]

    assert len(scripts) > 20
    assert not own, f"Use `Repeat` of ui/repeat.js in {', '.join(own)}."
