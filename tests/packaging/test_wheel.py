"""The wheel has all that its programs read: built and run as somebody does who has only that."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from server.cli.examples import EXAMPLES, example

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.blocking_allowed,
    pytest.mark.long("builds a wheel"),
    pytest.mark.together("wheel", "it is built once"),
]
ROOT = Path(__file__).parents[2]
HLS = ROOT / "node_modules" / "hls.js"
_SOURCES = ("server", "client_sim", "loadtest", "config")
CODE = Path("liveroom", "code")
_FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds, and nothing else of the repository."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in _SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(ROOT / name, source / name)
    if HLS.is_dir():
        shutil.copytree(HLS, source / HLS.relative_to(ROOT))
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps",
         "--no-build-isolation", "--no-index", "-w", str(out), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = out.glob("liveroom-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(out / "site")
    return out / "site"


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the wheel in an empty folder."""
    env = dict(os.environ) | {"PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_nothing_stands_beside_its_packages(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if "dist-info" not in path.name} == {
        "liveroom"
    }


def test_it_has_the_scripts_of_others_with_their_licences(installed: Path) -> None:
    vendor = installed / CODE / "server" / "web" / "vendor"
    if not HLS.is_dir():
        pytest.skip("hls.js is not here: run npm ci")
    assert (vendor / "hls.js").read_bytes() == (HLS / "dist" / "hls.min.mjs").read_bytes()
    assert "Apache License" in (vendor / "hls.js.LICENSE").read_text("utf-8")
    assert not list(installed.rglob("node_modules"))


@pytest.mark.torture("an installed wheel that starts twice more")
def test_it_prints_an_example_and_has_the_others(installed: Path, tmp_path: Path) -> None:
    printed = run(installed, tmp_path, "liveroom", "config", "--example", "nginx")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout == example("nginx")

    for name, path in EXAMPLES.items():
        assert (installed / CODE / "server" / "shipped" / path).read_text("utf-8") == example(name)


def test_a_load_test_finds_its_scenarios(installed: Path, tmp_path: Path) -> None:
    lost = run(installed, tmp_path, "liveroom", "loadtest", "load", "flesh")
    assert "choose from abuse, anniversary, flash" in lost.stderr


@pytest.mark.torture("a rehearsal that says the same as those of the checkout")
def test_a_load_test_finds_its_people(installed: Path, tmp_path: Path) -> None:
    ran = run(
        installed, tmp_path, "liveroom", "loadtest", "load", "flash", "--users", "12",
        "--seconds", "14", "--report", str(tmp_path / "report"),
    )  # fmt: skip
    assert ran.returncode in (0, 1), ran.stderr
    assert "Flash sale: everybody buys at T0" in ran.stdout
    assert (tmp_path / "report.html").exists()
    assert "Traceback" not in ran.stderr


def test_a_shop_may_have_a_server_of_its_own(installed: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    for name in ("server", "client_sim", "loadtest"):
        (shop / name).mkdir(parents=True)
        (shop / name / "__init__.py").write_text("raise SystemExit('this is the shop')\n")
    env = dict(os.environ) | {"PYTHONPATH": f"{shop}{os.pathsep}{installed}"}
    started = subprocess.Popen(
        [sys.executable, "-m", "liveroom", "serve", "--port", "0", "--workers", "2",
         "--data-dir", str(tmp_path / "data")],
        cwd=shop, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stdout is not None
    said = started.stdout.readline()
    started.terminate()
    rest, problems = started.communicate(timeout=120)

    assert said.startswith("Liveroom is at http://"), problems
    assert "this is the shop" not in said + rest + problems
    assert started.returncode == 0, problems
