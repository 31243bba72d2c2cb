"""A process that dies ends neither the run nor any test but the one it died in."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = """
import os
import pytest

pytestmark = pytest.mark.long("runs tests in processes of their own")

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


def test_every_test_runs_once_and_the_one_that_ended_its_process_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_dying.py").write_text(TESTS)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(tmp_path),
         "-p", "xdist", "-p", "no:cacheprovider", "-p", "tests.scheduling",
         "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder", str(tmp_path)],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=200,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip

    assert "3 failed, 8 passed" in done.stdout, done.stdout + done.stderr
    died = re.findall(r"crashed while running '\S+::(\S+)'", done.stdout)
    assert {name.partition("@")[0] for name in died} == {
        *("test_together[1]", "test_last[0]", "test_last[1]")
    }
