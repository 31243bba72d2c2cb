"""Rate limits: token buckets, one per connection or per user."""

from cachetools import LRUCache


class Bucket:
    """Refills by `per_s` up to `burst`; takes go below zero, down to `-burst`."""

    __slots__ = ("at", "level")

    def __init__(self, burst: float, now: float) -> None:
        self.level = burst
        self.at = now

    def take(self, per_s: float, burst: float, now: float) -> float:
        """Take one; the level left. Below zero means: refuse."""
        refilled = min(burst, self.level + (now - self.at) * per_s)
        self.at = now
        self.level = max(refilled - 1.0, -burst)
        return self.level


class BucketsByName:
    """A bucket for each of many names; the ones longest unused are forgotten.

    A forgotten bucket is a full one, so `names_max` must exceed what can be drained within the
    time a bucket needs to refill.
    """

    def __init__(self, per_s: float, burst: float, names_max: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._buckets: LRUCache[tuple[str, str], Bucket] = LRUCache(names_max)

    def wait_s(self, name: tuple[str, str], now: float) -> float:
        """Take one for `name`: 0 if allowed, else seconds until it would be (nothing is taken)."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(self._burst, now)
        level = min(self._burst, bucket.level + (now - bucket.at) * self._per_s)
        if level < 1.0:
            return (1.0 - level) / self._per_s
        bucket.level, bucket.at = level - 1.0, now
        return 0.0


class PerSecond:
    """At most so many in each second of the loop's clock; 0 is no limit."""

    __slots__ = ("_count", "_most", "_second")

    def __init__(self, most: int) -> None:
        self._most = most
        self._second = 0
        self._count = 0

    def allow(self, now: float) -> bool:
        """Count one more, unless this second is full."""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        if self._most and self._count >= self._most:
            return False
        self._count += 1
        return True
