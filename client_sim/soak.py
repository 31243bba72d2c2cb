"""Round after round of the same evening, watching the server's memory and file handles.

After each round everybody has left, so a server that keeps nothing it should not is back where it
was. Only servers on this machine can be watched: by /proc.
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from client_sim.tokens import CannotRun

MIB = 1024 * 1024
ROUND_S = 20.0
ROUNDS_MIN = 6
REST_S = 3.0  # after a round, for the server to notice that all have left
WARM_UP = 0.25  # the part of the rounds that is not judged: caches fill, the allocator grows
GROWTH_BYTES_MAX = 6 * MIB
GROWTH_SHARE_MAX = 0.04
GROWTH_HANDLES_MAX = 4
_NOT_OURS = ("redis-server", "valkey-server")  # their memory is the data, and grows with it
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory and file handles of the server's processes together, without the private Redis."""

    bytes_used: int
    handles: int


def server_pid(data_dir: str) -> int:
    """The process that owns a data folder. Raises CannotRun."""
    path = Path(data_dir) / "lock"
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise CannotRun(
            f"A soak watches the server's process, and {path} does not name one: give the "
            "server's --data-dir, or --server-pid."
        ) from None


def sample(pid: int) -> Sample:
    """Look at a process and its children. Raises CannotRun if it is gone."""
    try:
        found = [_one(Path("/proc", str(each))) for each in _family(pid)]
    except OSError:
        raise CannotRun(
            f"Process {pid} can't be looked at: the server has ended, or is another user's."
        ) from None
    return Sample(sum(each.bytes_used for each in found), sum(each.handles for each in found))


def _one(proc: Path) -> Sample:
    pages = int((proc / "statm").read_text(encoding="ascii").split()[1])
    return Sample(pages * _PAGE_BYTES, len(list((proc / "fd").iterdir())))


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        children = Path("/proc", str(each), "task", str(each), "children")
        found += [int(child) for child in children.read_text(encoding="ascii").split()]
    return [each for each in found if _name(each) not in _NOT_OURS]


def _name(pid: int) -> str:
    return Path("/proc", str(pid), "comm").read_text(encoding="utf-8").strip()


def leaks(samples: Sequence[Sample]) -> list[str]:
    """Return what grew and stayed grown, in words; samples are taken at rest, one a round.

    The lowest of the last third is held against the highest of the first third: noise on a level
    passes, and a slope does not.
    """
    judged = samples[round(len(samples) * WARM_UP) :]
    third = max(1, len(judged) // 3)
    early, late = judged[:third], judged[-third:]
    top = max(each.bytes_used for each in early)
    rise = min(each.bytes_used for each in late) - top
    found = []
    if rise > max(GROWTH_BYTES_MAX, GROWTH_SHARE_MAX * top):
        found.append(f"memory rose from {top / MIB:.1f} MiB by {rise / MIB:.1f} MiB and stayed")
    open_ = max(each.handles for each in early)
    more = min(each.handles for each in late) - open_
    if more > GROWTH_HANDLES_MAX:
        found.append(f"file handles rose from {open_} by {more} and stayed")
    return found


class Watch:
    """Takes a sample after each round; `rows` is the table of them."""

    def __init__(self, pid: int) -> None:
        self.samples: list[Sample] = []
        self._pid = pid

    async def round_over(self) -> None:
        """Let the server rest, then look. Raises CannotRun if it is gone."""
        await asyncio.sleep(REST_S)
        self.samples.append(await asyncio.to_thread(sample, self._pid))

    def rows(self) -> Iterable[tuple[object, ...]]:
        """One a round: its number, MiB, file handles."""
        for n, each in enumerate(self.samples, 1):
            yield n, f"{each.bytes_used / MIB:.1f}", each.handles
