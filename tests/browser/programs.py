"""Where the browsers of the tests are, and how to get them: Chromium, and Debian's own Firefox."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoBrowser(Exception):
    """There is no such browser, and none could be installed; the text says what to do."""


@contextmanager
def only_one_installs() -> Iterator[None]:
    """Tests run in several processes: the first installs, the others wait for it."""
    with (Path(tempfile.gettempdir()) / f"liveroom-browsers-{os.getuid()}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def program_of(names: tuple[str, ...]) -> str | None:
    """The first of these programs that is on PATH."""
    return next((path for name in names if (path := shutil.which(name))), None)


def apt_install(*packages: str) -> None:
    """Install packages of Debian, where we may."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=env, check=False)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        env=env,
        check=False,
        stdout=subprocess.DEVNULL,
    )
