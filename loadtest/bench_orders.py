"""`python -m loadtest bench-orders`: how many orders a second, and how long a rush waits."""

import argparse

from loadtest import bench_engine, bench_rush, bench_shards

_PER_CORE = "  the same per CPU second of Redis"


def main(argv: list[str]) -> int:
    """Print both tables; 1 if a rush oversold, undersold or left somebody without an answer."""
    parser = argparse.ArgumentParser(prog="python -m loadtest bench-orders")
    parser.add_argument("--orders", type=int, default=50_000, help="orders a row (50000)")
    parser.add_argument("--buyers", type=int, default=10_000, help="buyers who rush (10000)")
    wishes, _ = parser.parse_known_args(argv)
    on = bench_engine.program()
    print(f"\nOrders a second, {wishes.orders} orders, one room, one worker, {on}\n")
    print(f"| {'what':<55} | orders/s | Redis CPU µs | Python CPU µs |")
    print(f"|{'-' * 57}|---------:|-------------:|--------------:|")
    for row in bench_engine.measure(wishes.orders):
        print(
            f"| {row.name:<55} | {row.per_s:>8,.0f} | {row.redis_us:>12.1f} |"
            f" {row.python_us:>13.1f} |"
        )
        if row.paid:
            print(f"| {_PER_CORE:<55} | {1e6 / row.redis_us:>8,.0f} | {'':>12} | {'':>13} |")
    _print_shards(wishes.orders // 10)
    print(f"\n{wishes.buyers} buyers rush {bench_rush.STOCK} units within a second\n")
    print("| start | answered | ok | refused | sold | p50 s | p99 s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    failed = False
    for name, window_ms in (("first come, first served", 0), ("draw of 300 ms", 300)):
        rush = bench_rush.measure(wishes.buyers, window_ms)
        answered = wishes.buyers - rush.answers["lost"]
        refused = rush.answers["sold_out"]
        print(
            f"| {name} | {answered} | {rush.answers['ok']} | {refused} | {rush.sold} |"
            f" {rush.p50:.3f} | {rush.p99:.3f} |"
        )
        expected = min(bench_rush.STOCK, wishes.buyers)
        failed |= rush.answers["ok"] != expected or rush.sold != expected
        failed |= rush.answers["ok"] + refused != wishes.buyers
    return int(failed)


def _print_shards(orders: int) -> None:
    print(f"\n{orders} orders bought and paid, by rooms and shards, fsync\n")
    heads = ("rooms", "shards", "orders/s", "CPU of each shard, % of a core", "Redis CPU µs")
    print(f"| {' | '.join(heads)} | Python CPU µs | orders per CPU s of Redis |")
    print("|---:|---:|---:|---|---:|---:|---:|")
    rows = bench_shards.measure(orders)
    for row in rows:
        busy = " ".join(f"{spent / row.took_s:.0%}" for spent in row.shard_s)
        print(
            f"| {row.rooms} | {row.shards} | {row.orders / row.took_s:,.0f} | {busy} |"
            f" {1e6 / row.per_redis_s:.1f} | {row.python_s / row.orders * 1e6:.1f} |"
            f" {row.per_redis_s:,.0f} |"
        )
    per_half = rows[-1].per_redis_s / 2
    print(
        f"\nA shard at half a core makes {per_half:,.0f} orders/s by the last row; ten, with rooms"
        f" on each, {10 * per_half:,.0f}."
    )
