"""`python -m server.cli.pages` in the repository writes the pages made from the settings."""

from functools import partial
from pathlib import Path

from server.house import Settings
from server.settings.pages import configuration_md, default_toml

PAGES = {
    Path("config/default.toml"): partial(default_toml, Settings),
    Path("docs/configuration.md"): partial(configuration_md, Settings),
}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
