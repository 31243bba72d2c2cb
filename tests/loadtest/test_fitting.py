"""Costs are found again from what they would make a benchmark measure."""

import json
import os
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

from loadtest import fitting
from server.cli.costs import Costs, Round, Row
from server.cli.residuals import equations_of_round, equations_of_row

TRUE = Costs(
    write_us=7.0, cold_us=2.0, shown_us=0.01, comment_taken_us=90.0, comment_call_us=150.0,
    comment_heard_us=25.0, pass_us=120.0, idle_us_per_s=5000.0, redis_idle_us_per_s=1500.0,
    redis_comment_us=20.0, redis_call_us=200.0, redis_cold_us=300.0, redis_publish_us=2.0,
)  # fmt: skip


def benchmarks(noise: float) -> tuple[dict[str, Any], dict[str, float]]:
    """What both benchmarks would print on a machine with these costs."""
    chance = random.Random(7)

    def cost(equation: Any) -> float:
        one = equation.compared(TRUE).modelled
        return float(one * chance.uniform(1 - noise, 1 + noise))

    results = []
    for key, deflate in (("ours", False), ("ours-deflate", True)):
        for rate, viewers in ((1, 2000), (30, 2000), (200, 2000), (1000, 2000), (5, 15_000)):
            row = Row(rate, viewers, deflate, 0, 1, 1, 50, 100)
            server, redis = equations_of_row(row, TRUE, by_load=False)
            results.append(
                {
                    "key": key, "row": f"{rate}x{viewers}", "rate_per_s": rate, "viewers": viewers,
                    "cpu_us": cost(server), "redis_us": cost(redis), "p50_ms": 50.0, "p99_ms": 99.0,
                    "joins_per_s": 2000.0, "others_cpu": 5 * noise, "reached": 1.0,
                    "join_us": 400.0, "join_redis_us": 33.0,
                    "memory_kb": 5.0, "bytes_per_comment": 58.0 if deflate else 172.0,
                }
            )  # fmt: skip
    costs = {
        "order_taken_us": 500.0, "order_heard_us": 70.0, "order_redis_us": 200.0,
        "publish_us_per_worker": TRUE.redis_publish_us, "order_redis_bytes": 2000.0,
        "worker_mb": 50.0,
    }  # fmt: skip
    for name, per_s in (("comment", 400.0), ("slow_comment", 30.0)):
        taken, heard, redis = equations_of_round(Round(per_s, 1, 1, 1), TRUE, by_load=False)
        costs |= {
            f"{name}s_per_s": per_s, f"{name}_taken_us": cost(taken),
            f"{name}_heard_us": cost(heard), f"{name}_redis_us": cost(redis),
        }  # fmt: skip
    machine = {"cpu": "x", "cores": 2, "system": "Linux", "python": "3.11.7"}
    return {"measured": "2026-11-26", "machine": machine, "results": results}, costs


def fit(folder: Path, noise: float) -> tuple[int, Path]:
    fanout, costs = benchmarks(noise)
    paths = [folder / name for name in ("fanout.json", "costs.json", "costs.toml")]
    for path, found in zip(paths, (fanout, costs), strict=False):
        path.write_text(json.dumps(found), encoding="utf-8")
    named = zip(("--fanout", "--costs", "--out"), map(str, paths), strict=True)
    return fitting.main([word for pair in named for word in pair]), paths[2]


def test_costs_are_found_again_and_every_row_is_near(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, path = fit(tmp_path, noise=0.02)
    found = tomllib.loads(path.read_text(encoding="utf-8"))

    assert code == 0
    said = capsys.readouterr().out
    assert "!" not in said
    assert "disturbed" not in said
    assert found["costs"]["write_us"] == pytest.approx(TRUE.write_us, rel=0.1)
    assert found["costs"]["comment_taken_us"] == pytest.approx(TRUE.comment_taken_us, rel=0.2)
    assert found["costs"]["redis_call_us"] == pytest.approx(TRUE.redis_call_us, rel=0.2)
    assert found["costs"]["redis_join_us"] == 33
    assert len(found["row"]) == 10
    assert len(found["round"]) == 2
    # What is written is what the server reads.
    assert Costs(**found["costs"]).sum_us({"write_us": 1}) == found["costs"]["write_us"]
    assert [Row(**row).viewers for row in found["row"]][:2] == [2000, 2000]


def test_a_row_that_no_costs_come_near_is_marked_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = fit(tmp_path, noise=0.6)

    said = capsys.readouterr().out
    assert code == 1
    assert "!" in said
    assert "Other programs disturbed ours 1x2000, " in said


@pytest.mark.parametrize("text", ["no json", "[]", '{"results": []}', '{"results": [{"key": 1}]}'])
def test_results_of_something_else_are_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    other, out = tmp_path / "other.json", tmp_path / "costs.toml"
    other.write_text(text, encoding="utf-8")
    code = fitting.main(["--fanout", str(other), "--costs", str(other), "--out", str(out)])

    assert code == 2
    assert capsys.readouterr().out.startswith("No costs were fitted")
    assert not out.exists()


def test_of_each_row_the_round_of_the_median_counts_and_each_begins_with_all_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores, cpu_us = os.sched_getaffinity(0), iter([5.0, 3.0, 4.0])

    def one_round() -> dict[str, Any]:
        assert os.sched_getaffinity(0) == cores
        os.sched_setaffinity(0, {min(cores)})  # as the benchmark does, for the load
        return {"results": [{"key": "ours", "row": "1x2000", "cpu_us": next(cpu_us)}]}

    monkeypatch.setattr(fitting, "_run_round", one_round)
    monkeypatch.setattr(fitting, "_FANOUT_OUT", tmp_path / "out.json")
    try:
        [row] = fitting._run_fanout(3)["results"]
    finally:
        os.sched_setaffinity(0, cores)

    assert row["cpu_us"] == 4.0
