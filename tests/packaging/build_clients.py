"""Builds the client packages into a folder: `python -m tests.packaging.build_clients FOLDER`.

The Python client is a wheel of `client_sim/client`, the one for browsers an npm package of the
`liveroom*` files of the server's own pages.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "server" / "web" / "pages"


def build_wheel(out: Path) -> Path:
    """Build the Python client; return the wheel. Raises CalledProcessError."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "client"
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "client_sim" / "client", source, ignore=unwanted)
        shutil.copy(ROOT / "LICENSE", source)
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check",
             "--no-deps", "--no-build-isolation", "--no-index", "-w", str(out), str(source)],
            check=True,
        )  # fmt: skip
    [wheel] = out.glob("liveroom_client-*.whl")
    return wheel


def build_npm_package(out: Path) -> Path:
    """Build the client for browsers; return the archive. Raises CalledProcessError."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for file in (
            *PAGES.glob("liveroom*.js"),
            *PAGES.glob("liveroom*.d.ts"),
            *(ROOT / "server" / "web" / "npm").iterdir(),
            ROOT / "LICENSE",
        ):
            shutil.copy(file, folder)
        packed = ["npm", "pack", "--silent", "--pack-destination", str(out.resolve())]
        subprocess.run(packed, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    [archive] = out.glob("liveroom-*.tgz")
    return archive


def main() -> int:
    """Build both, and name the files; 1 if npm is missing."""
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    print(build_wheel(out))  # noqa: T201 - what the command is asked to show
    if shutil.which("npm") is None:
        sys.stderr.write("npm is not installed: the package for browsers was not built.\n")
        return 1
    print(build_npm_package(out))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
