"""Where a Chromium for the tests is, and how to get one."""

import fcntl
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-precise-memory-info",
    "--js-flags=--expose-gc",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """No Chromium, and none could be installed; the text says what to do."""


@functools.cache
def chromium() -> str | None:
    """The program to start; None means the one Playwright keeps. Raises NoBrowser.

    Tests run in several processes: the first installs, the others wait for it.
    """
    with (Path(tempfile.gettempdir()) / f"liveroom-chromium-{os.getuid()}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _find_or_install()


def _find_or_install() -> str | None:
    if found := _installed():
        return found
    if _kept_by_playwright():
        return None
    if os.geteuid() == 0 and shutil.which("apt-get"):
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        packages = ("chromium", "fonts-noto-cjk")
        subprocess.run(["apt-get", "update", "-qq"], env=env, check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
            env=env,
            check=False,
            stdout=subprocess.DEVNULL,
        )
        if found := _installed():
            return found
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if _kept_by_playwright():
        return None
    raise NoBrowser(
        "These tests need Chromium: `apt-get install chromium fonts-noto-cjk`, or "
        "`.venv/bin/playwright install chromium`."
    )


def _installed() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _kept_by_playwright() -> bool:
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    return any(kept.glob("chromium*/*/*chrom*"))
