"""`python -m server.settings` in the repository writes the pages made from the settings."""

from pathlib import Path

from server.settings.pages import configuration_md, default_toml

PAGES = {Path("config/default.toml"): default_toml, Path("docs/configuration.md"): configuration_md}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
