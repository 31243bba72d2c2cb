"""A private PostgreSQL for tests: on a socket of its own, killed and started as a test wants.

PostgreSQL refuses to run as root: then it runs as the user `postgres`, which its Debian package
makes.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

USER = "postgres"
_INSTALLED = "/usr/lib/postgresql"
_OPTIONS = {
    "listen_addresses": "",
    # Tests kill the process, not the machine: what the kernel has is kept.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
    "logging_collector": "off",
}


def program(name: str) -> str | None:
    """Where one of PostgreSQL's programs is; Debian keeps them out of PATH. The newest wins."""
    folders = Path(_INSTALLED).glob("*/bin") if Path(_INSTALLED).is_dir() else []
    newest = sorted(folders, key=lambda folder: float(folder.parent.name), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, newest), os.environ["PATH"]]))


class Postgres:
    """One PostgreSQL in a folder of its own, which goes with it."""

    def __init__(self, **options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lr-pg-"))
        self.data = self.folder / "data"
        self._options = _OPTIONS | options
        self._as: Mapping[str, Any] = {}
        if os.getuid() == 0:
            entry = pwd.getpwnam(USER)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self._as = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._run("initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync")  # fmt: skip
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = USER) -> str:
        """The address of a database, as `records.url` takes it."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def make_database(self, like: str = "template1") -> str:
        """Make a database that is empty, or like one that nobody is connected to; its address."""
        name = f"t{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self.url(name)

    def sql(self, statement: str, database: str = USER) -> str:
        """Run a statement; return what psql prints."""
        return self._run("psql", "-h", str(self.folder), "-U", USER, "-d", database, "-qAtc",
                         statement)  # fmt: skip

    def start(self) -> None:
        """Start it on its data, and wait until it answers."""
        options = [
            part for name, value in self._options.items() for part in ("-c", f"{name}={value}")
        ]
        server = program("postgres")
        assert server is not None
        until = time.monotonic() + 60
        self._process = self._spawn(server, options)
        while not self._answers():
            ended = self._process.poll() is not None
            if time.monotonic() > until or (ended and not self._left_behind()):
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            if ended:
                self._process = self._spawn(server, options)
            time.sleep(0.02)

    def _spawn(self, server: str, options: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [*self._tied(), server, "-D", str(self.data), "-k", str(self.folder), *options],
                stdout=subprocess.DEVNULL, stderr=log, cwd="/", **self._as,
            )  # fmt: skip

    def _left_behind(self) -> bool:
        """Whether children of a server that was killed still hold its memory: they end soon."""
        return "pre-existing shared memory" in (self.folder / "log").read_text()

    def _tied(self) -> list[str]:
        """What ends it when the process of the tests is killed; the kernel tells it."""
        setpriv = shutil.which("setpriv")
        return [setpriv, "--pdeathsig", "QUIT"] if setpriv else []

    def kill(self) -> None:
        """kill -9 of the whole server; its children notice and end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        pid = self.data / "postmaster.pid"
        pid.unlink(missing_ok=True)

    def stop(self) -> None:
        """End it at once, and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def _answers(self) -> bool:
        ready = program("pg_isready")
        assert ready is not None
        return subprocess.run([ready, "-q", "-h", str(self.folder)], check=False).returncode == 0

    def _run(self, name: str, *arguments: str) -> str:
        found = program(name)
        assert found is not None, name
        done = subprocess.run(
            [found, *arguments], capture_output=True, text=True, cwd="/", check=False, **self._as
        )
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stderr.strip()}")
        return str(done.stdout).strip()
