"""How `make test` spreads the suite over processes, and which tests `make test-fast` leaves out.

pytest-xdist runs each test in whichever process is free (`--dist loadgroup`), the first in the list
first. Most tests wait for a socket, a timer or a disk, so there are more processes than cores. Each
process has fixtures of its own: a redis-server, and a browser or a Cluster where it needs one.
"""

import functools
from collections.abc import Iterable
from pathlib import Path

import pytest

HERE = Path(__file__).parent

LONG = {
    "browser": "drives a real browser",
    "torture": "kills servers and Redis again and again",
    "sentinel": "waits until Sentinels agree that a master is dead",
    "cluster": "starts a Redis Cluster",
    "machines": "starts eight machines, and waits until Sentinels agree",
}
"""Folders whose tests all take long, in the order in which they are begun, and why."""

BROWSERS = 2
"""Chromiums that run at once: each takes a core for seconds to start, and much memory."""


def spread(items: list[pytest.Item]) -> None:
    """Mark tests that are long, keep together what shares an expensive fixture, long ones first."""
    files = sorted({item.path for item in items if _folder(item) == "browser"})
    for item in items:
        if reason := LONG.get(_folder(item)):
            item.add_marker(pytest.mark.long(reason))
        if _folder(item) == "torture":
            item.add_marker(pytest.mark.grows)
        if group := _group(item, files):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_rank)


def _folder(item: pytest.Item) -> str:
    return _folder_of(item.path)


@functools.cache
def _folder_of(path: Path) -> str:
    return path.relative_to(HERE).parts[0] if path.is_relative_to(HERE) else ""


def _group(item: pytest.Item, browser_files: list[Path]) -> str:
    """Tests with the same name run one after the other in one process; without one, anywhere."""
    if together := item.get_closest_marker("together"):
        return str(together.args[0])
    if _folder(item) == "browser":
        return f"browser {browser_files.index(item.path) % BROWSERS}"
    if feature := _feature(item):
        return f"the story of {feature}"
    names: Iterable[str] = getattr(item, "fixturenames", ())
    return "the standing Cluster" if "standing" in names else ""


def _feature(item: pytest.Item) -> str:
    """The feature whose story a test looks at: a story is told once in a process."""
    if _folder(item) != "features" or not isinstance(item, pytest.Function):
        return ""
    return str(item.callspec.params.get("feature", "")) if hasattr(item, "callspec") else ""


def _rank(item: pytest.Item) -> int:
    """The place in the queue: long folders, other long tests, all the others."""
    if not item.get_closest_marker("long"):
        return len(LONG) + 1
    return list(LONG).index(_folder(item)) if _folder(item) in LONG else len(LONG)
