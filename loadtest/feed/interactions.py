"""Interactions of a file: any data set of people, items and times, such as those of Twitch.

A file is CSV, also compressed (.gz), a line an interaction: user, item, time, and whatever else. It
is read line by line, and kept as numbers: 20 bytes an interaction and what the names take.
"""

import csv
import gzip
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, NamedTuple

from loadtest.feed.dataset import Item, Place
from server.features.feed.covisits import Interaction

BAD_LINES_SHOWN = 10
LINE_BYTES_MAX = 65_536


class BadInteractions(Exception):
    """A file can't be evaluated; the text says why, and what to do."""


class BadLine(NamedTuple):
    """A line that is left out, from 1, and why."""

    number: int
    why: str

    def __str__(self) -> str:
        return f"Line {self.number} is left out: {self.why}"


class Columns(NamedTuple):
    """Where a line has what is needed, from 0; a unit of time is so many ms."""

    user: int = 0
    item: int = 1
    time: int = 2
    unit_ms: float = 1000.0


class FileDataset:
    """Interactions in the order of time. A `Dataset`: each item is a host, and could be chosen in
    each span of `live_ms` in which somebody chose it."""

    def __init__(self, live_ms: int) -> None:
        self._live_ms = live_ms
        self._users = _Names()
        self._names = _Names()
        self._user = array("q")
        self._item = array("q")
        self._at = array("q")
        self._order: Sequence[int] = ()
        self._there: dict[int, set[int]] = {}
        self.items: dict[str, Item] = {}

    def __len__(self) -> int:
        return len(self._at)

    def add(self, user: str, item: str, at: int) -> None:
        """Add an interaction at a time (ms); call `close` after the last one."""
        number = self._names.number(item)
        self._user.append(self._users.number(user))
        self._item.append(number)
        self._at.append(at)
        self._there.setdefault(at // self._live_ms, set()).add(number)

    def close(self) -> None:
        """Put all in order. Raises BadInteractions if there is nothing to measure."""
        if len(self._at) < 10 or len(self._names.texts) < 2:
            raise BadInteractions(
                f"The file has {len(self._at)} interactions with {len(self._names.texts)} items: "
                "at least 10 with 2 are needed. See --columns."
            )
        self._order = sorted(range(len(self._at)), key=self._at.__getitem__)
        for n in self._order:
            name = f"host:{self._names.texts[self._item[n]]}"
            if name not in self.items:
                self.items[name] = Item(name[5:], (), self._at[n])

    @property
    def acts(self) -> Iterable[Interaction]:
        """See `Dataset`."""
        users, names = self._users.texts, self._names.texts
        for n in self._order:
            yield Interaction(
                users[self._user[n]], f"host:{names[self._item[n]]}", "watch", self._at[n]
            )

    def candidates(self, place: Place, at: int) -> Sequence[str]:
        """See `Dataset`."""
        del place
        there = sorted(self._there.get(at // self._live_ms, ()))
        return [f"host:{self._names.texts[number]}" for number in there]

    def at_share(self, share: float) -> int:
        """The time before which that share of the interactions was."""
        return self._at[self._order[min(len(self._order) - 1, int(share * len(self._order)))]]


def read_interactions(
    path: Path, columns: Columns, live_ms: int
) -> tuple[FileDataset, list[BadLine], int]:
    """Return the interactions of a file, the first bad lines, and how many bad ones there were.

    A first line without a time is a heading. Raises BadInteractions, OSError.
    """
    dataset, shown, bad = FileDataset(live_ms), list[BadLine](), 0
    with _opened(path) as file:
        for number, line in enumerate(_lines(file), 1):
            found = _read(line, columns)
            if not isinstance(found, str):
                dataset.add(*found)
            elif line.strip() and not (number == 1 and "time" in found):
                bad += 1
                if len(shown) < BAD_LINES_SHOWN:
                    shown.append(BadLine(number, found))
    if bad > len(dataset):
        raise BadInteractions(
            f"{bad} lines can't be read and {len(dataset)} can: the columns are others. "
            f"{shown[0]} See --columns."
        )
    dataset.close()
    return dataset, shown, bad


def columns_of(text: str, unit_s: float) -> Columns:
    """Read places of columns, from 1, such as `1,3,4`. Raises ValueError."""
    user, item, at = (int(each) - 1 for each in text.split(","))
    if min(user, item, at) < 0 or unit_s <= 0:
        raise ValueError("columns and units are counted from 1")
    return Columns(user, item, at, unit_s * 1000)


class _Names:
    """Texts that are kept once, by their numbers."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines, of which one that is too long is cut a byte after the bound."""
    while line := file.readline(LINE_BYTES_MAX + 1):
        yield line
        while not line.endswith(b"\n") and len(line) > LINE_BYTES_MAX:
            line = file.readline(LINE_BYTES_MAX + 1)


def _read(line: bytes, columns: Columns) -> tuple[str, str, int] | str:
    """User, item and time (ms) of a line, or why it has none."""
    if len(line) > LINE_BYTES_MAX:
        return f"it has more than {LINE_BYTES_MAX} bytes."
    try:
        fields = next(_fields(line.decode("utf-8-sig")), [])
    except UnicodeDecodeError:
        return "it is not UTF-8."
    except csv.Error as error:
        return f"it is not CSV ({error})."
    if len(fields) <= max(columns[:3]):
        return f"it has {len(fields)} fields, and {max(columns[:3]) + 1} are needed."
    user, item, told = (fields[place].strip() for place in columns[:3])
    return _checked(user, item, told, columns.unit_ms)


def _checked(user: str, item: str, told: str, unit_ms: float) -> tuple[str, str, int] | str:
    at = _time(told, unit_ms)
    if at is None:
        return f"its time {told[:40]!r} is neither a number nor a date."
    if not user or not item:
        return "it names no user or no item."
    return user, item, at


def _fields(line: str) -> Iterator[list[str]]:
    return csv.reader([line.rstrip("\r\n")], strict=True)


def _time(text: str, unit_ms: float) -> int | None:
    try:
        at = float(text) * unit_ms
    except ValueError:
        try:
            at = datetime.fromisoformat(text).timestamp() * 1000
        except (ValueError, OverflowError, OSError):
            return None
    return int(at) if 0 <= at < 2**53 else None
