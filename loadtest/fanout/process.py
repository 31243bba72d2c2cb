"""Reads the cost of servers from /proc: CPU and memory of a process tree, by program.

Linux only, like the benchmark.
"""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.fanout.redis_program import NAMES

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PIN = (
    "import os,sys; os.sched_setaffinity(0,{int(sys.argv[1])}); os.execvp(sys.argv[2],sys.argv[2:])"
)


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system) so far, of the server and of its Redis."""

    server_s: float
    redis_s: float


def raise_file_limit(wanted: int) -> int:
    """Allow this process and its children so many open files; returns how many there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(hard, wanted), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return limit
        except (ValueError, OSError):
            continue
    return soft


def end_children_on_sigterm() -> None:
    """Turn SIGTERM into an exit, so that children are stopped on the way out."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def spawn(
    argv: Sequence[str], core: int | None, env: dict[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own, on one core if one is named."""
    pinned = [] if core is None else [sys.executable, "-c", _PIN, str(core)]
    with log.open("ab") as out:
        return subprocess.Popen(
            [*pinned, *argv],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], patience_s: float = 5) -> None:
    """Stop a program that `spawn` started, and whatever it left behind in its group."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for child, fields in _all_stats():
        children.setdefault(int(fields[1]), []).append(child)
    found = [pid]
    for known in found:
        found.extend(children.get(known, ()))
    return found


def cost(pids: Sequence[int]) -> Cost:
    """CPU time so far of these process trees together."""
    server = redis = 0.0
    for pid in {one for root in pids for one in tree(root)}:
        used = _cpu_s(pid)
        if _is_redis(pid):
            redis += used
        else:
            server += used
    return Cost(server, redis)


def memory_bytes(pid: int) -> int:
    """Memory of a process tree without its Redis: each shared page is counted by its share."""
    total = 0
    for one in tree(pid):
        if _is_redis(one):
            continue
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += sum(int(row.split()[1]) for row in text.splitlines() if row.startswith("Pss:"))
    return total * 1024


def core_busy_s(core: int) -> float:
    """Return the seconds that a core was busy since the machine started, with any process."""
    for row in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *ticks = row.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal, *_ = map(int, ticks)
            return (user + nice + system + irq + softirq + steal) * _TICK_S
    raise ValueError(f"this machine has no core {core}")


def _all_stats() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            yield int(folder.name), fields


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; the name before may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None


def _cpu_s(pid: int) -> float:
    """To the nanosecond where the kernel tells it, else in clock ticks of 10 ms."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        spent = [(one / "schedstat").read_text(encoding="ascii").split()[0] for one in threads]
        return sum(map(int, spent)) / 1e9
    except OSError:
        fields = _stat(pid)
        return (int(fields[11]) + int(fields[12])) * _TICK_S if fields else 0.0


def _is_redis(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith(NAMES)
    except OSError:
        return False
