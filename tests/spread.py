"""How `make test` spreads the suite over processes, and what it and `make test-fast` leave out.

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
    "records": "asks SQLite and PostgreSQL in turn",
    "webhooks": "asks SQLite and PostgreSQL in turn",
    "search": "asks SQLite and PostgreSQL in turn",
    "merchants": "asks SQLite and PostgreSQL in turn",
    "web": "starts a worker for each test",
    "edge": "starts a worker for each test",
    "client_sim": "starts a worker, and people, for each test",
}
"""Folders whose tests all take long, or are many that take a while, in the order in which they are
begun, and why."""

EVERYDAY = {
    "test_pages_feed.py", "test_pages_from_note.py", "test_pages_merchant.py",
    "test_pages_safety.py", "test_pages_selling.py",
}  # fmt: skip
"""Files of `tests/browser` that `make test` runs: from a note to a paid order, and what no page may
do. All others are `pages`, for `make test-pages`: browsers take half of the time of all tests."""

BROWSERS = 2
"""Chromiums that run at once: each takes a core for seconds to start, and much memory. What runs in
Firefox runs beside one of them, so that only one Firefox is begun."""


def spread(items: list[pytest.Item]) -> None:
    """Mark tests that are long, keep together what shares an expensive fixture, long ones first."""
    files = sorted({item.path for item in items if _folder(item) == "browser"})
    for item in items:
        if reason := LONG.get(_folder(item)):
            item.add_marker(pytest.mark.long(reason))
        elif _starts_workers(item):
            item.add_marker(pytest.mark.long("starts a worker with sockets"))
        if _folder(item) == "browser" and item.path.name not in EVERYDAY:
            item.add_marker(pytest.mark.pages)
        if "postgresql" in _params(item).values():
            item.add_marker(pytest.mark.postgresql)
        if _folder(item) == "torture":
            item.add_marker(pytest.mark.grows)
        if group := _group(item, files):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_rank)


def left_out(path: Path, config: pytest.Config) -> bool:
    """Whether nothing in a folder would be run, so that no process has to collect it."""
    return "not long" in config.getoption("markexpr") and _folder_of(path) in LONG


def _folder(item: pytest.Item) -> str:
    return _folder_of(item.path)


def _starts_workers(item: pytest.Item) -> bool:
    running = getattr(getattr(item, "module", None), "running", None)
    return getattr(running, "__module__", "") == "tests.running"


@functools.cache
def _folder_of(path: Path) -> str:
    return path.relative_to(HERE).parts[0] if path.is_relative_to(HERE) else ""


def _group(item: pytest.Item, browser_files: list[Path]) -> str:
    """Tests with the same name run one after the other in one process; without one, anywhere."""
    if together := item.get_closest_marker("together"):
        return str(together.args[0])
    if _folder(item) == "browser":
        n = 0 if "firefox" in _params(item).values() else browser_files.index(item.path) % BROWSERS
        return f"browser {n}"
    if feature := _feature(item):
        return f"the story of {feature}"
    names: Iterable[str] = getattr(item, "fixturenames", ())
    return "the standing Cluster" if "standing" in names else ""


def _feature(item: pytest.Item) -> str:
    """The feature whose story a test looks at: a story is told once in a process."""
    return str(_params(item).get("feature", "")) if _folder(item) == "features" else ""


def _params(item: pytest.Item) -> dict[str, object]:
    """What a test is parametrized with."""
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        return dict(item.callspec.params)
    return {}


def _rank(item: pytest.Item) -> int:
    """The place in the queue: long folders, other long tests, all the others."""
    if not item.get_closest_marker("long"):
        return len(LONG) + 1
    return list(LONG).index(_folder(item)) if _folder(item) in LONG else len(LONG)
