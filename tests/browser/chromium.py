"""Where a Chromium for the tests is, and how to get one."""

import functools
import os
import subprocess
import sys
from pathlib import Path

from tests.browser.programs import NoBrowser, apt_install, only_one_installs, program_of

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
    # A camera that needs no camera, and the shell's only way to allow its use.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
# The shell without windows takes half of the CPU.
_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


@functools.cache
def chromium() -> str | None:
    """The program to start; None means the one Playwright keeps. Raises NoBrowser."""
    with only_one_installs():
        return _find_or_install()


def _find_or_install() -> str | None:
    if found := program_of(_NAMES):
        return found
    if _kept_by_playwright():
        return None
    apt_install("chromium-headless-shell", "fonts-noto-cjk")
    if found := program_of(_NAMES):
        return found
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if _kept_by_playwright():
        return None
    raise NoBrowser(
        "These tests need Chromium: `apt-get install chromium-headless-shell fonts-noto-cjk`, or "
        "`.venv/bin/playwright install chromium`."
    )


def _kept_by_playwright() -> bool:
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    return any(kept.glob("chromium*/*/*chrom*"))
