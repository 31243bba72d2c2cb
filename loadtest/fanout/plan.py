"""Orders and reports of the load clients; both clients share them."""

from dataclasses import dataclass, field
from typing import Protocol

STEP_US = 100
"""Width of a latency histogram's step."""

MARK = b"~@"
DIGITS = 16
REF = "#########"


@dataclass(frozen=True)
class Talk:
    """The dialect of one server: upgrades, first frames, and frames of a publisher.

    Each of `templates` holds the mark with sixteen digits, the time of publishing in microseconds,
    and may hold `REF`, a number of nine digits. `hellos` has one payload for each viewer and then
    one for each publisher, or none at all. A viewer has joined after `greetings` frames; where a
    frame holds several messages, one a line (`by_line`), after so many lines.
    """

    request: bytes
    publish_request: bytes
    templates: tuple[bytes, ...]
    hellos: tuple[bytes, ...] = ()
    greetings: int = 0
    engine_io: bool = False
    by_line: bool = False
    """Centrifugo's way: a line of `{}` is a ping, and asks for the same back."""
    binary: bool = False


@dataclass(frozen=True)
class Crowd:
    """The number of connections, their port of 127.0.0.1, and their source addresses."""

    port: int
    viewers: int
    publishers: int
    sources: int = 8
    in_flight_max: int = 1024
    sample_every: int = 97


@dataclass
class Joins:
    """The result of connecting."""

    joined: int
    failed: int
    seconds: float


@dataclass
class Delivered:
    """The frames read in one measured interval. `histogram` counts steps of `STEP_US`."""

    delivered: int
    bytes: int
    frames: int
    published: int
    blocked: int
    closed: int
    seconds: float
    latency_max_us: int
    histogram: list[int] = field(repr=False)

    def quantile_ms(self, q: float) -> float | None:
        """The q-quantile of latency in milliseconds; None if nothing was sampled."""
        total, passed = sum(self.histogram), 0
        if not total:
            return None
        for step, n in enumerate(self.histogram):
            passed += n
            if passed >= q * total:
                return (step + 0.5) * STEP_US / 1000
        raise AssertionError("the steps add up to the total")


class LoadClient(Protocol):
    """Thousands of readers and a few publishers on one core."""

    kind: str

    def join(self, upto: int, timeout_s: float) -> Joins:
        """Connect until `upto` of viewers and publishers were tried; counts are of all so far."""

    def deliver(self, rate_per_s: float, seconds: float) -> Delivered:
        """Publish at this rate, read, and count."""

    def close(self) -> None:
        """Drop every connection."""
