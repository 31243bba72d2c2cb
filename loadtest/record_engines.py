"""The databases of records that a benchmark measures: those given, else SQLite and a PostgreSQL of
its own, where one is installed."""

import contextlib
import importlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

MakeRecords = Callable[[], str]
"""Returns the address of empty records, other ones each time; of those that were given always the
same."""


@contextlib.contextmanager
def record_engines(given: Sequence[str], folder: Path) -> Iterator[list[MakeRecords]]:
    """Yield what makes records, for each engine."""
    if given:
        yield [lambda url=url: url for url in given]  # type: ignore[misc]
        return
    numbers = itertools.count()

    def sqlite() -> str:
        return f"sqlite:///{folder / f'records{next(numbers)}.sqlite3'}"

    # Only a checkout has the tests, and only there benchmarks are run without being told of one.
    own = importlib.import_module("tests.postgres") if find_spec("tests") else None
    if own is None or own.program("postgres") is None:
        print("No PostgreSQL is installed: give one by --records postgresql://...\n")
        yield [sqlite]
        return
    with own.Postgres(shared_buffers="128MB", autovacuum="on") as server:
        yield [sqlite, server.make_database]
