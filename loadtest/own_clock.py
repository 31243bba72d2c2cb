"""Reads command times by the server's own clock, which a late load process can't lengthen."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

Buckets = dict[str, Counter[float]]
"""By op: how many took at most so many seconds (`le`), summed over workers."""

_ROW = re.compile(r"^liveroom_command_seconds_bucket\{(.*)\} (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def read(rows: Iterable[str]) -> Buckets:
    """The histogram of commands on a page of metrics."""
    found: Buckets = defaultdict(Counter)
    for row in rows:
        match = _ROW.match(row)
        if match is not None:
            labels = dict(_LABEL.findall(match[1]))
            found[labels["op"]][float(labels["le"])] += round(float(match[2]))
    return found


def p99_ms(before: Buckets, after: Buckets) -> dict[str, float]:
    """By op, a bound that 99 of 100 commands kept between two readings; inf beyond the last one."""
    found = {}
    for op, buckets in sorted(after.items()):
        since = {le: n - before.get(op, Counter())[le] for le, n in buckets.items()}
        total = since.get(math.inf, 0)
        if total > 0:
            found[op] = min(le for le, n in since.items() if n >= 0.99 * total) * 1000
    return found


def in_words(ops: dict[str, float], limits: Iterable[str]) -> str:
    """A sentence about the commands that have limits; empty if none of them was sent."""
    said = [
        f"{op} {f'≤ {ops[op]:g} ms' if ops[op] < math.inf else 'over 2.5 s'}"
        for op in limits
        if op in ops
    ]
    return f"By the server's own clock, p99: {', '.join(said)}." if said else ""
