"""The sheet of all screenshots: out/screenshots/index.html, a row a state."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import NamedTuple

STYLE = """body{margin:1rem;font:14px/1.4 sans-serif;background:#888}
section{margin-bottom:2rem}h2{position:sticky;top:0;margin:0;padding:.25rem;background:#fff}
.row{display:flex;gap:.5rem;overflow-x:auto;align-items:flex-start}
figure{margin:0;flex:none}figcaption{background:#fff}img{height:20rem;display:block}"""


class Shot(NamedTuple):
    """One picture: which state, and how it was looked at. `theme` is light or dark."""

    state: str
    language: str
    width: int
    theme: str

    @property
    def file(self) -> str:
        """Its name."""
        return f"{self.state}-{self.language}-{self.width}-{self.theme}.png"


def write_sheet(folder: Path, shots: Iterable[Shot]) -> Path:
    """Write the page that shows them all, by state; return it. Blocks."""
    by_state: dict[str, list[Shot]] = {}
    for shot in sorted(shots):
        by_state.setdefault(shot.state, []).append(shot)
    sections = [
        f"<section><h2 id={escape(state)}>{escape(state)}</h2><div class=row>"
        + "".join(_figure(shot) for shot in of_state)
        + "</div></section>"
        for state, of_state in by_state.items()
    ]
    sheet = folder / "index.html"
    sheet.write_text(
        f"<!doctype html><meta charset=utf-8><title>Screens</title><style>{STYLE}</style>"
        + "\n".join(sections),
        "utf-8",
    )
    return sheet


def _figure(shot: Shot) -> str:
    words = escape(f"{shot.language} {shot.width} {shot.theme}")
    image = f'<img loading=lazy src="{escape(shot.file)}" alt="{words}">'
    linked = f'<a href="{escape(shot.file)}">{image}</a>'
    return f"<figure>{linked}<figcaption>{words}</figcaption></figure>"
