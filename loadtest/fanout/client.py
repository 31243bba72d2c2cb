"""The load client in C: compiled when it is first needed, driven through ctypes."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from loadtest.fanout.inflaters import Inflaters
from loadtest.fanout.plan import Crowd, Delivered, Joins, LoadClient, Talk

_SOURCE = Path(__file__).with_name("client.c")
_LATENCY_STEPS = 300_000
_INFLATED = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.c_int32,
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.c_int32,
    ctypes.POINTER(ctypes.c_int32),
    ctypes.c_int32,
)


class _Setup(ctypes.Structure):
    """Mirrors `Setup` in client.c."""

    _fields_ = [
        ("request", ctypes.c_char_p),
        ("publish_request", ctypes.c_char_p),
        ("hello", ctypes.POINTER(ctypes.c_char_p)),
        ("hello_bytes", ctypes.POINTER(ctypes.c_int32)),
        ("templates", ctypes.POINTER(ctypes.c_char_p)),
        *(
            (name, ctypes.c_int32)
            for name in (
                "templates_n", "port", "sources", "viewers", "publishers", "greetings",
                "in_flight_max", "engine_io", "by_line", "binary", "sample_every",
            )
        ),
        ("inflated", _INFLATED),
    ]  # fmt: skip


class _Counts(ctypes.Structure):
    """Mirrors `Counts` in client.c."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            "delivered", "bytes", "frames", "published", "blocked", "closed", "joined", "failed",
            "samples", "latency_max_us", "elapsed_us",
        )
    ]  # fmt: skip


class NoCompiler(Exception):
    """There is no `cc`, or it can't build the client; the text says which."""


def build(source: Path, *flags: str) -> Path:
    """Compile one of our C files with cc -O2, once per content; returns the program's path."""
    cc = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if cc is None:
        raise NoCompiler("no C compiler (cc) was found")
    digest = hashlib.sha256(source.read_bytes() + repr(flags).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"liveroom-fanout-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise NoCompiler(f"{folder} belongs to somebody else")
    built = folder / f"{source.stem}-{digest}"
    if not built.exists():
        made = built.with_suffix(f".{os.getpid()}")
        ran = subprocess.run(
            [cc, "-O2", *flags, "-o", str(made), str(source)],
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise NoCompiler(f"{cc} can't build {source.name}: {ran.stderr.strip()[:300]}")
        made.rename(built)
    return built


def _inflating() -> Any:
    """The callback that inflates a frame, for one client."""
    inflaters = Inflaters()

    def inflate(payload: Any, n: int, out: Any, room: int, window: Any, alone: int) -> int:
        data = ctypes.string_at(payload, n)
        try:
            plain, window[0] = inflaters.inflate(window[0], data, alone=bool(alone))
        except LookupError:
            return 0  # its comments are missing in `of due`
        ctypes.memmove(out, plain, min(len(plain), room))
        return min(len(plain), room)

    return _INFLATED(inflate)


class CClient:
    """One at a time in a process: the C side keeps its state in globals."""

    kind = "C"

    def __init__(self, talk: Talk, crowd: Crowd) -> None:
        self._lib = ctypes.CDLL(str(build(_SOURCE, "-shared", "-fPIC")))
        hellos, templates = _strings(talk.hellos), _strings(talk.templates)
        self._kept = (hellos, templates, inflated := _inflating())
        sizes = (ctypes.c_int32 * len(talk.hellos))(*map(len, talk.hellos))
        self._setup = _Setup(
            talk.request, talk.publish_request,
            hellos if talk.hellos else None, sizes, templates, len(talk.templates),
            crowd.port, crowd.sources, crowd.viewers, crowd.publishers, talk.greetings,
            crowd.in_flight_max, talk.engine_io, talk.by_line, talk.binary, crowd.sample_every,
            inflated,
        )  # fmt: skip
        if self._lib.fan_start(ctypes.byref(self._setup)):
            raise MemoryError("the load client got no memory")

    def join(self, upto: int, timeout_s: float) -> Joins:
        """See LoadClient."""
        counts = _Counts()
        self._lib.fan_join(upto, ctypes.c_double(timeout_s), ctypes.byref(counts))
        return Joins(counts.joined, counts.failed, counts.elapsed_us / 1e6)

    def deliver(self, rate_per_s: float, seconds: float) -> Delivered:
        """See LoadClient."""
        counts, histogram = _Counts(), (ctypes.c_uint32 * _LATENCY_STEPS)()
        self._lib.fan_run(
            ctypes.c_double(rate_per_s), ctypes.c_double(seconds), ctypes.byref(counts), histogram
        )
        steps = list(histogram)
        while steps and not steps[-1]:
            steps.pop()
        return Delivered(
            counts.delivered, counts.bytes, counts.frames, counts.published, counts.blocked,
            counts.closed, counts.elapsed_us / 1e6, counts.latency_max_us, steps,
        )  # fmt: skip

    def close(self) -> None:
        """See LoadClient."""
        self._lib.fan_stop()


def _strings(texts: tuple[bytes, ...]) -> "ctypes.Array[ctypes.c_char_p]":
    return (ctypes.c_char_p * len(texts))(*texts)


def load_client(talk: Talk, crowd: Crowd) -> LoadClient:
    """The C client, or the slower one in Python where nothing can compile it."""
    try:
        return CClient(talk, crowd)
    except NoCompiler:
        from loadtest.fanout.slow_client import PythonClient

        return PythonClient(talk, crowd)
