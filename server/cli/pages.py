"""`python -m server.cli.pages` in the repository writes what is made from the declarations."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from server.cli.scaling_page import scaling_md
from server.house import HOUSE, Settings
from server.rooms.fact_page import timeline_md
from server.settings.pages import configuration_md, default_toml

_TIMELINE, _SCALING = Path("docs/timeline.md"), Path("docs/scaling.md")

PAGES: dict[Path, Callable[[], str]] = {
    Path("config/default.toml"): partial(default_toml, Settings),
    Path("docs/configuration.md"): partial(configuration_md, Settings),
    _TIMELINE: lambda: timeline_md(HOUSE.facts, _TIMELINE.read_text(encoding="utf-8")),
    _SCALING: lambda: scaling_md(_SCALING.read_text(encoding="utf-8")),
}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
