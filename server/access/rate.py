"""Rate limits: token buckets, one per connection or per user."""

from typing import NamedTuple

from cachetools import LRUCache


class Bucket:
    """A token bucket that refills by `per_s` up to `burst`; taking may lower it to `-burst`."""

    __slots__ = ("at", "level")

    def __init__(self, burst: float, now: float) -> None:
        self.level = burst
        self.at = now

    def take_token(self, per_s: float, burst: float, now: float) -> float:
        """Take one and return the level left; below zero means: refuse."""
        refilled = min(burst, self.level + (now - self.at) * per_s)
        self.at = now
        self.level = max(refilled - 1.0, -burst)
        return self.level


class Spent(NamedTuple):
    """The outcome of taking one: the seconds to wait (0: it was taken), and how many are left."""

    wait_s: float
    left: float


class BucketsByName:
    """One bucket per name; those unused for longest are forgotten.

    A forgotten bucket starts full again, so `names_max` must exceed the number of buckets that can
    be drained within the time that one needs to refill.
    """

    def __init__(self, per_s: float, burst: float, names_max: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._buckets: LRUCache[tuple[str, str], Bucket] = LRUCache(names_max)

    def wait_s(self, name: tuple[str, str], now: float) -> float:
        """Take one for `name` and return 0; if empty, take none and return the seconds to wait."""
        return self.spend(name, now).wait_s

    def spend(self, name: tuple[str, str], now: float) -> Spent:
        """The same as `wait_s`, with what is left."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(self._burst, now)
        level = self._level(bucket, now)
        if level < 1.0:
            return Spent((1.0 - level) / self._per_s, level)
        bucket.level, bucket.at = level - 1.0, now
        return Spent(0.0, bucket.level)

    def left(self, name: tuple[str, str], now: float) -> float:
        """How many are left for `name`; none is taken."""
        bucket = self._buckets.get(name)
        return self._burst if bucket is None else self._level(bucket, now)

    def _level(self, bucket: Bucket, now: float) -> float:
        return min(self._burst, bucket.level + (now - bucket.at) * self._per_s)


class PerSecond:
    """Allows at most `most` in each second of the loop's clock; 0 is no limit."""

    __slots__ = ("_count", "_most", "_second")

    def __init__(self, most: int) -> None:
        self._most = most
        self._second = 0
        self._count = 0

    def allow(self, now: float) -> bool:
        """Count one more and return True; False if this second is full."""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        if self._most and self._count >= self._most:
            return False
        self._count += 1
        return True
