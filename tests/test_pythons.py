"""The Pythons we support: said once, and found where they are installed."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAMED = "Programming Language :: Python :: 3."


def supported() -> list[int]:
    """The minor versions that the package names."""
    classifiers = PYPROJECT["project"]["classifiers"]
    return [int(c.removeprefix(NAMED)) for c in classifiers if c.startswith(NAMED)]


def test_the_oldest_python_we_name_is_the_oldest_that_installs_and_that_the_checks_are_for() -> (
    None
):
    oldest = min(supported())

    assert PYPROJECT["project"]["requires-python"] == f">=3.{oldest}"
    assert PYPROJECT["tool"]["mypy"]["python_version"] == f"3.{oldest}"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py3{oldest}"


def test_make_test_pythons_tries_each_that_we_name() -> None:
    said = subprocess.run(
        ["make", "-np", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    (line,) = [line for line in said.splitlines() if line.startswith("PYTHONS := ")]
    assert line.split()[2:] == [f"3.{minor}" for minor in supported()]


def test_an_installed_python_is_found_by_its_version_and_one_that_is_not_there_is_not() -> None:
    ours = "{}.{}".format(*sys.version_info)
    command = [str(ROOT / ".ci" / "python-of")]

    env = os.environ | {"PATH": f"{sys.base_prefix}/bin:{os.environ['PATH']}"}

    found = subprocess.run([*command, ours], capture_output=True, text=True, check=True, env=env)
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    told = subprocess.run(
        [found.stdout.strip(), "-c", code], capture_output=True, text=True, check=True, env=env
    )

    assert told.stdout.strip() == ours
    assert subprocess.run([*command, "3.99"], capture_output=True, check=False).returncode == 1
