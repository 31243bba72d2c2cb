"""Two reports side by side."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from loadtest import compare

REPORT: dict[str, Any] = {
    "passed": True,
    "settings": {"title": "t", "seed": 1},
    "machine": {"cores": 2},
    "verdict": [{"what": "Oversold", "limit": "0", "measured": "0", "passed": True}],
    "latencies": {"reply.buy": {"p50_ms": 10.0, "p99_ms": 50.0}},
    "server": {"cpu_max": 0.5},
    "orders": {"told_ok": 100},
    "counts": {"comments": 1000, "tried": 500, "failed": 0, "bytes": 9},
}


def write(path: Path, report: dict[str, Any]) -> str:
    path.write_text(json.dumps(report), encoding="utf-8")
    return str(path)


def test_equal_runs_have_nothing_to_say_but_their_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = write(tmp_path / "a.json", REPORT)

    assert compare.main([same, same]) == 0
    assert capsys.readouterr().out == "Verdict: passed before, passed now.\n"


def test_a_broken_criterion_and_a_slower_reply_are_told_and_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worse = copy.deepcopy(REPORT)
    worse["passed"] = False
    worse["verdict"][0] |= {"measured": "1", "passed": False}
    worse["latencies"]["reply.buy"]["p99_ms"] = 500.0
    code = compare.main([write(tmp_path / "a.json", REPORT), write(tmp_path / "b.json", worse)])
    said = capsys.readouterr().out

    assert code == 1
    assert "BROKEN: Oversold: 0 -> 1." in said
    assert "reply.buy p99: 50 -> 500 ms (+900%)" in said
    assert "p50" not in said, "what stayed the same is left out"


def test_different_scenarios_are_said_to_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = copy.deepcopy(REPORT)
    other["settings"]["seed"] = 2
    compare.main([write(tmp_path / "a.json", REPORT), write(tmp_path / "b.json", other)])

    assert "seed: 1 -> 2" in capsys.readouterr().out


def test_a_file_that_is_no_report_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}", encoding="utf-8")

    assert compare.main([str(path), str(path)]) == 2
    assert "can't be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("{", "it is no JSON"),
        ("[]", "Expected `object`"),
        ('{"passed": true}', "missing required field `verdict`"),
        (json.dumps(REPORT | {"latencies": []}), "$.latencies"),
    ],
)
def test_a_file_that_is_no_report_is_named_with_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, lacks: str
) -> None:
    other = tmp_path / "other.json"
    other.write_text(text, encoding="utf-8")

    assert compare.main([write(tmp_path / "a.json", REPORT), str(other)]) == 2
    said = capsys.readouterr().err
    assert "other.json" in said
    assert lacks in said
    assert len(said.splitlines()) == 1


def test_a_latency_that_one_run_never_timed_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    never = copy.deepcopy(REPORT)
    never["latencies"]["reply.buy"]["p99_ms"] = None

    assert (
        compare.main([write(tmp_path / "a.json", REPORT), write(tmp_path / "b.json", never)]) == 0
    )
    assert capsys.readouterr().out == "Verdict: passed before, passed now.\n"
