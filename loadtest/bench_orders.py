"""`python -m loadtest bench-orders`: how many orders a second, and how long a rush waits."""

import argparse

from loadtest import bench_engine, bench_rush


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
