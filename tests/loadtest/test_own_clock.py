"""The server's own clock, read from its metrics."""

import math

from loadtest.own_clock import in_words, p99_ms, read


def page(op: str, *counts: tuple[str, int], worker: int = 1) -> list[str]:
    """Rows of a page of metrics: how many took at most so long."""
    return [
        f'liveroom_command_seconds_bucket{{le="{le}",op="{op}",worker="{worker}"}} {n}.0'
        for le, n in counts
    ]


BUY = (("0.01", 90), ("0.05", 99), ("+Inf", 100))


def test_the_bound_is_the_bucket_that_holds_99_of_100() -> None:
    assert p99_ms({}, read(page("buy", *BUY))) == {"buy": 50}


def test_workers_are_added_up() -> None:
    slow = page("buy", ("0.01", 0), ("0.05", 0), ("+Inf", 100), worker=2)

    assert p99_ms({}, read([*page("buy", *BUY), *slow])) == {"buy": math.inf}


def test_only_what_came_since_the_first_reading_counts() -> None:
    before = read(page("buy", ("0.01", 0), ("0.05", 0), ("+Inf", 50)))
    after = read(page("buy", ("0.01", 10), ("0.05", 10), ("+Inf", 60)))

    assert p99_ms(before, after) == {"buy": 10}
    assert p99_ms(after, after) == {}


def test_other_metrics_and_commands_without_limits_are_passed_over() -> None:
    rows = ["# HELP x", 'liveroom_commands_total{op="buy"} 3', *page("like", *BUY)]

    assert p99_ms({}, read(rows)) == {"like": 50}
    assert in_words({"like": 50, "buy": math.inf}, ["buy", "join"]) == (
        "By the server's own clock, p99: buy over 2.5 s."
    )
    assert in_words({"like": 50}, ["buy"]) == ""
