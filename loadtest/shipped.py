"""Finds the files of `config/` that a rehearsal reads: in the wheel or in the repository."""

from pathlib import Path

_IN_WHEEL = Path(__file__).parent / "shipped"
_IN_REPOSITORY = Path(__file__).parent.parent / "config"


def folder() -> Path:
    """The folder with `scenarios/` and `people.toml`. setup.py puts it into the wheel."""
    return _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_REPOSITORY
