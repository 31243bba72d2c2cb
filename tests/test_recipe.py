"""docs/adding-a-command.md is true: its example works, and no piece of it can be forgotten.

The blocks of the page are put into a copy of the tree, and tests are run there.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.long("runs tests in a dozen copies of the tree")

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adding-a-command.md").read_text("utf-8")
RUN_S_MAX = 200
"""Time for one run of tests in a copy; a few seconds on an idle machine."""

FILES_MAX, FOLDERS_MAX = 7, 4


class Piece(NamedTuple):
    """One block of the page."""

    place: str
    """What the first line says: a path, and where in an existing file."""
    text: str
    left_out: str
    """The test that fails without it."""

    @property
    def path(self) -> str:
        """The file it goes to."""
        return self.place.partition(",")[0]

    def put_into(self, tree: Path) -> None:
        """Write the file, or add to the table it names."""
        file = tree / self.path
        heading = re.search(r"at the end of the table of (## .+)", self.place)
        if heading is None:
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, "utf-8")
            return
        before, mark, after = file.read_text("utf-8").partition(f"\n{heading[1]}\n")
        table, end, rest = after.partition("|\n\n")
        file.write_text(before + mark + table + "|\n" + self.text + "\n" + rest, "utf-8")
        assert mark, f"{self.path} has no {heading[1]}"
        assert end, f"{self.path}: no table under {heading[1]}"


PIECES = [
    Piece(*found)
    for found in re.findall(
        r"^```\w+\n(?:#|--) (.+?)\n(.*?)^```\n\n\*Left out:\* `(.+?)`\.$",
        PAGE,
        re.MULTILINE | re.DOTALL,
    )
]
GENERIC = [
    "tests/protocol",
    "tests/store/test_scripts_loader.py",
    "tests/test_architecture.py",
    "tests/test_features.py",
    "tests/features/test_every_feature.py::test_every_command_succeeds_and_every_event_is_told[waves]",
    "tests/features/test_every_feature.py::test_the_copy_of_a_worker_equals_a_fresh_read_after_each_step",
    "tests/features/test_every_feature.py::test_client_sim_knows_every_event",
    "tests/rooms/test_roles.py::test_a_command_is_for_exactly_the_roles_that_the_protocol_names[wave]",
]
"""Tests that hold every feature to its word."""


def copy_with(pieces: Sequence[Piece], tree: Path) -> None:
    """What git knows of this checkout, as it is now and compiled, and these pieces."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    for compiled in ("server", "client_sim", "loadtest", "tests"):  # or each copy compiles all
        for folder in (ROOT / compiled).rglob("__pycache__"):
            copied = tree / folder.relative_to(ROOT)
            if copied.parent.is_dir():
                # What another test compiles at this moment has a name that is gone the next one.
                shutil.copytree(folder, copied, ignore=shutil.ignore_patterns("*.pyc.*"))
    for piece in pieces:
        piece.put_into(tree)
    if any(piece.path.endswith("golden.json") for piece in pieces):
        done = run_in(tree, "-m", "tests.protocol.make_golden")
        assert done.returncode == 0, done.stderr


def run_in(tree: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a copy, whose packages come before those installed."""
    environment = {name: os.environ[name] for name in os.environ if "PYTEST" not in name}
    return subprocess.run(
        [sys.executable, *args], env=environment,
        cwd=tree, timeout=RUN_S_MAX, check=False, capture_output=True, text=True,
    )  # fmt: skip


def outcome_of(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests in a copy; the exit code, and all that was said."""
    done = run_in(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    return done.returncode, done.stdout + done.stderr


def names_of(piece: Piece) -> list[str]:
    """What a test may call the piece: its file, its module, or the op or event in its row."""
    file = piece.path.removesuffix(".py")
    module = file.replace("/", ".")
    if piece.path != piece.place:
        return [tag for tag in re.findall(r"^\| (`\w+`) ", piece.text) if tag] + ["[wave]"]
    return [piece.path, Path(piece.path).name, f"'{module}'", f"'{Path(file).name}'", "`wave`"]


def test_every_block_of_the_page_is_put_somewhere() -> None:
    assert len(PIECES) == PAGE.count("\n```") / 2
    assert all(piece.left_out for piece in PIECES)


def test_the_example_touches_as_many_files_and_folders_as_the_page_says() -> None:
    files = {piece.path for piece in PIECES}
    folders = {path.rpartition("/")[0] for path in files}
    assert (len(files), len(folders)) == (7, 3)
    assert "touches seven files in three\nfolders" in PAGE
    assert len(files) <= FILES_MAX
    assert len(folders) <= FOLDERS_MAX


@pytest.mark.parametrize(
    "which",
    [
        pytest.param(["-k", "wave"], id="what-names-it"),
        pytest.param([], id="all", marks=pytest.mark.torture("a thousand tests more, in a copy")),
    ],
)
def test_the_example_passes_its_own_tests_and_those_of_every_feature(
    tmp_path: Path, which: list[str]
) -> None:
    copy_with(PIECES, tmp_path)
    code, said = outcome_of(tmp_path, ["tests/features/waves", *GENERIC, *which])
    assert code == 0, said
    assert "tests/features/waves" not in said  # it failed nowhere


@pytest.mark.torture("checks types in a copy")
def test_the_example_keeps_the_direction_of_imports(tmp_path: Path) -> None:
    copy_with(PIECES, tmp_path)
    linted = run_in(
        tmp_path, "-c", "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    )  # fmt: skip
    assert linted.returncode == 0, linted.stdout
    for tool in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        checked = run_in(tmp_path, "-m", *tool, "server/features/waves", "tests/features/waves")
        assert checked.returncode == 0, checked.stdout


@pytest.mark.torture("a run of tests for each piece")
@pytest.mark.parametrize("left_out", PIECES, ids=lambda piece: piece.place)
def test_a_piece_that_is_left_out_fails_a_test_that_names_it(
    left_out: Piece, tmp_path: Path
) -> None:
    copy_with([piece for piece in PIECES if piece is not left_out], tmp_path)
    code, said = outcome_of(tmp_path, [left_out.left_out])
    assert code != 0, f"nobody misses {left_out.place}"
    assert any(name in said for name in names_of(left_out)), said
