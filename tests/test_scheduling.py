"""A process that dies ends neither the run nor any test but the one it died in."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long("runs tests in processes of their own")

ROOT = Path(__file__).parent.parent
TESTS = """
import os
import pytest

@pytest.mark.parametrize("n", range(6))
def test_alone(n):
    pass

@pytest.mark.xdist_group("group")
@pytest.mark.parametrize("n", range(3))
def test_together(n):
    if n == 1:
        os._exit(1)

@pytest.mark.parametrize("n", range(2))
def test_last(n):
    os._exit(1)
"""


GROUPED = """
import os
import pytest

GROUPS = [pytest.param(group, marks=pytest.mark.xdist_group(group)) for group in "abc"]

@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("n", range(6))
def test_in(n, group):
    with open(f"{group}.txt", "a") as file:
        print(os.getpid(), file=file)
    assert n < 5, "the last one fails"
"""


def run(tmp_path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(tmp_path),
         "-p", "xdist", "-p", "tests.scheduling", *more, str(tmp_path)],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=200,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip


IN_TWO = ("-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder")


def test_every_test_runs_once_and_the_one_that_ended_its_process_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_dying.py").write_text(TESTS)

    done = run(tmp_path, *IN_TWO)

    assert "3 failed, 8 passed" in done.stdout, done.stdout + done.stderr
    died = re.findall(r"crashed while running '\S+::(\S+)'", done.stdout)
    assert {name.partition("@")[0] for name in died} == {
        *("test_together[1]", "test_last[0]", "test_last[1]")
    }


def test_a_group_runs_in_one_process_and_what_failed_is_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "test_grouped.py").write_text(GROUPED)

    done = run(tmp_path, *IN_TWO)

    assert "3 failed, 15 passed" in done.stdout, done.stdout + done.stderr
    ran = [(tmp_path / f"{group}.txt").read_text().split() for group in "abc"]
    assert [(len(pids), len(set(pids))) for pids in ran] == [(6, 1)] * 3
    assert len({pid for pids in ran for pid in pids}) == 2, "one process ran them all"
    failed = re.findall(r"^FAILED \S+::(\S+)", done.stdout, re.MULTILINE)
    assert sorted(failed) == [f"test_in[5-{group}]" for group in "abc"]

    again = run(tmp_path, "--last-failed", "--last-failed-no-failures", "none")

    assert "3 failed" in again.stdout, again.stdout + again.stderr
    assert "passed" not in again.stdout
