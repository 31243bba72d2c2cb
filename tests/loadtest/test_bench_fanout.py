"""The benchmark itself, small: every server that needs nothing but this repository is measured."""

import os
import shutil
from pathlib import Path

import pytest

from loadtest import bench_fanout
from loadtest.fanout.centrifugo import centrifugo
from loadtest.fanout.contenders import Contender, peers
from loadtest.fanout.measure import Result, Row, Timing, measure
from loadtest.fanout.ours import ours

pytestmark = [
    pytest.mark.blocking_allowed,
    pytest.mark.long("starts each server of the benchmark and a crowd for it"),
]

HERE = ["ours", "ours-msgpack", "ours-deflate", "aiohttp", "websockets"]
if shutil.which("cc"):
    HERE.append("floor")
HERE.extend(one.key for one in centrifugo() if one.missing() is None)


def contender(key: str) -> Contender:
    return next(one for one in (*ours(), *peers(), *centrifugo()) if one.key == key)


def measured(key: str, row: Row) -> Result:
    """A second's measurement; on a busy machine as many seconds as it takes to deliver anything."""
    for seconds in (1, 5, 30):
        result = measure(contender(key), row, Timing(0.3, seconds))
        if result.delivered_per_s and result.cpu_us:
            break
    return result


@pytest.mark.parametrize(
    "key",
    [HERE[0], *(pytest.param(key, marks=pytest.mark.torture("one more")) for key in HERE[1:])],
)
def test_each_server_delivers_what_is_published_and_its_cost_is_seen(key: str) -> None:
    result = measured(key, Row(40, 20))

    assert result.reached > 0
    assert result.cpu_us is not None
    assert result.cpu_us > 0
    assert result.p50_ms is not None
    assert result.closed == 0
    assert result.joins_per_s > 0


@pytest.mark.torture("two crowds more")
def test_compressed_frames_cost_fewer_bytes_a_comment() -> None:
    plain, packed = (measured(key, Row(200, 10)) for key in ("ours", "ours-deflate"))

    assert plain.bytes_per_comment is not None
    assert packed.bytes_per_comment is not None
    assert packed.bytes_per_comment < plain.bytes_per_comment


@pytest.mark.parametrize(
    ("key", "title"),
    [("uws", "uWebSockets (C++, Node)"), ("centrifugo-redis-history", "Centrifugo, Redis+history")],
)
def test_a_peer_that_is_not_installed_is_named_with_what_installs_it(
    key: str,
    title: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # where no `make peers` was ever run
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: None)
    code = bench_fanout.main(["--only", key, "--rows", "1x1"])
    said = capsys.readouterr().out

    assert code == 2
    assert f"{title} is not installed: " in said
    assert "make peers" in said


def test_a_server_that_nobody_knows_is_refused_by_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench_fanout.main(["--only", "ours,theirs"]) == 2
    assert "There is no theirs; choose from ours" in capsys.readouterr().out
