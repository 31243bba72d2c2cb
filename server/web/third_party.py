"""Scripts of others that pages import when they need them, served from our own origin.

They are no part of the repository. `make setup` fetches them from npm, as package.json pins them,
and building a wheel puts them into it. Where one is missing, its address is a 404: the page says
so, and goes on without.
"""

from pathlib import Path
from typing import Final

VENDOR: Final = Path(__file__).with_name("vendor")
"""Where a wheel has them; setup.py puts them there."""
NPM: Final = Path(__file__).parents[2] / "node_modules"
"""Where a checkout has them."""
PACKAGES: Final = {"vendor/hls.js": "hls.js/dist/hls.min.mjs"}
"""The file of the npm package by the path under /static."""


def found() -> dict[str, Path]:
    """Return where each is that is there, by its path under /static."""
    places = {path: (VENDOR / Path(path).name, NPM / file) for path, file in PACKAGES.items()}
    return {
        path: place
        for path, candidates in places.items()
        for place in [next(filter(Path.is_file, candidates), None)]
        if place is not None
    }
