"""The private Redis: a redis-server or valkey-server child on a unix socket, restarted if it dies.

Other users can't reach it (TCP is off, the socket is in a 0700 folder), and its data stay in the
data folder. The kernel ends it together with its parent; where the kernel can't, the next start
stops the one left behind.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import signal
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from server.background.repeating import Repeating
from server.store import redis_program
from server.store.folder_lock import FolderLock
from server.store.log_format import kept_in
from server.store.redis_program import NoRedisProgram, RedisProgram
from server.store.release import SUPPORTED
from server.store.tied_child import end_child, tied

log = logging.getLogger(__name__)

# A socket's path may have 108 bytes on Linux and 104 on some systems, final zero included.
_SOCKET_PATH_BYTES_MAX = 100
_ANSWER_S_MAX = 10.0
_STOP_S_MAX = 10.0
_BACK_OFF_S = (0.05, 5.0)
"""The first and the longest pause before a child that ended is started again."""


class EmbeddedRedisError(Exception):
    """The private Redis can't be started; the text says why, and what to do."""


class EmbeddedRedis:
    """A redis-server or valkey-server that runs inside this context, one per data folder.

    `fsync` False risks the last second of writes to gain speed. Entering raises FolderInUse,
    NoRedisProgram or EmbeddedRedisError. A child that dies is started again with its data.
    """

    def __init__(self, data_dir: Path, *, server_path: str = "", fsync: bool = True) -> None:
        self.folder = data_dir.absolute()
        self.home = self.folder / "redis"
        self.socket = _socket_path(self.home)
        self.restarted = asyncio.Event()
        """Set each time a dead child has been replaced."""
        self._server_path = server_path
        self._fsync = fsync
        self._child: asyncio.subprocess.Process | None = None
        self._watcher = Repeating("embedded redis", self._bring_back, back_off_s=_BACK_OFF_S)
        self._back_off_s = _BACK_OFF_S[0]
        self._program: RedisProgram | None = None
        self._lifetime = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        """The process id of the child."""
        if self._child is None:
            raise RuntimeError("the private Redis is not running")
        return self._child.pid

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as undo:
            lock = await asyncio.to_thread(self._take_folder)
            undo.callback(lock.release)
            # First, since it may still write: only then can the format of its data be checked.
            await _stop_left_behind(self.socket, self.home / "redis.pid")
            self._program = await self._find_program()
            undo.push_async_callback(self._stop)
            await self._start()
            log.info("%s runs: %s, process %d.", self._called, self._program.path, self.pid)
            self._watcher.start()
            self._lifetime = undo.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._lifetime.aclose()

    @property
    def _called(self) -> str:
        """The running program and version, for sentences."""
        assert self._program is not None
        return f"The private {self._program.release}"

    def _take_folder(self) -> FolderLock:
        _make_private(self.folder, self.home, self.socket.parent)
        return FolderLock(self.folder)

    async def _find_program(self) -> RedisProgram:
        kept = await asyncio.to_thread(kept_in, self.home)
        try:
            return await redis_program.find(self._server_path, kept.readers)
        except NoRedisProgram as reason:
            if kept.readers == SUPPORTED:
                raise
            writer = kept.writer or "Redis 7.0 or newer, or Valkey"
            raise NoRedisProgram(
                f"The data in {self.folder} were written by {writer}. {reason} "
                "Or start with other data: --data-dir."
            ) from None

    async def _start(self) -> None:
        assert self._program is not None
        log_path = self.home / "redis.log"
        output = await asyncio.to_thread(log_path.open, "ab")
        try:
            self._child = await asyncio.create_subprocess_exec(
                *tied(str(self._program.path), *self._arguments()),
                cwd=self.home,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A session of its own, so that Ctrl-C in a terminal reaches the server only: the
                # server still needs Redis for its drain.
                start_new_session=True,
            )
        finally:
            output.close()
        await self._until_it_answers(self._child, log_path)

    def _arguments(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "pidfile": str(self.home / "redis.pid"),
            "daemonize": "no",
            "loglevel": "notice",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always" if self._fsync else "everysec",
            "maxmemory-policy": "noeviction",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    async def _until_it_answers(self, child: asyncio.subprocess.Process, log_path: Path) -> None:
        """Wait until the child answers, without a limit, since loading a large file takes long."""
        give_up = time.monotonic() + _ANSWER_S_MAX
        while True:
            if child.returncode is not None:
                last = await asyncio.to_thread(_last_line, log_path)
                raise EmbeddedRedisError(
                    f"{self._called} ({child.pid}) ended with status {child.returncode} while it "
                    f"started. Its last words in {log_path}: {last}"
                )
            answer = await _ask(self.socket, b"PING\r\n")
            if answer.startswith(b"+PONG"):
                return
            if answer.startswith(b"-LOADING"):
                give_up = time.monotonic() + _ANSWER_S_MAX
            if time.monotonic() > give_up:
                raise EmbeddedRedisError(
                    f"{self._called} ({child.pid}) doesn't answer on {self.socket}; see {log_path}."
                )
            await asyncio.sleep(0.01)

    async def _bring_back(self) -> None:
        """Wait until the child ends, then start another."""
        assert self._child is not None
        started = time.monotonic()
        status = await self._child.wait()
        log.warning("%s ended (status %s); starting it again.", self._called, status)
        if time.monotonic() - started > _BACK_OFF_S[1]:
            self._back_off_s = _BACK_OFF_S[0]
        await asyncio.sleep(self._back_off_s)
        self._back_off_s = min(self._back_off_s * 2, _BACK_OFF_S[1])
        try:
            await self._start()
        except (EmbeddedRedisError, OSError) as error:
            log.error("%s Trying again in %.1f s.", error, self._back_off_s)
            await end_child(self._child, _STOP_S_MAX)
        else:
            log.info("%s is back (process %d).", self._called, self._child.pid)
            self.restarted.set()

    async def _stop(self) -> None:
        await self._watcher.stop()
        if self._child is not None:
            await end_child(self._child, _STOP_S_MAX)
            self._child = None
        if self.socket.parent != self.home:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self.socket.parent.rmdir)


async def _ask(path: Path, command: bytes) -> bytes:
    """Send one inline command; return the answer's line, empty if nothing answers."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(command)
                return await reader.readline()
            finally:
                writer.close()
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return b""


async def _stop_left_behind(path: Path, pid_file: Path) -> None:
    """Stop a child whose parent was killed. It has no owner, since we hold the folder's lock."""
    if not await asyncio.to_thread(path.exists):
        return
    await _ask(path, b"SHUTDOWN\r\n")
    pid = await asyncio.to_thread(_its_pid, pid_file, path)
    if pid is not None:
        log.warning("Stopping the private Redis (%d) that an earlier server left behind.", pid)
        give_up = time.monotonic() + _STOP_S_MAX
        os.kill(pid, signal.SIGTERM)
        while await asyncio.to_thread(_its_pid, pid_file, path) is not None:
            if time.monotonic() > give_up:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.02)
    await asyncio.to_thread(path.unlink, missing_ok=True)


def _its_pid(pid_file: Path, socket: Path) -> int | None:
    """Return the pid in the pid file if that process is the private Redis of this socket."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(socket).encode() in command else None


def _socket_path(home: Path) -> Path:
    path = home / "redis.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES_MAX:
        return path
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"liveroom-{os.getuid()}-{name}" / "redis.sock"


def _make_private(folder: Path, home: Path, socket_folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for private in (home, socket_folder):
            private.mkdir(mode=0o700, exist_ok=True)
            if private.stat().st_uid != os.getuid():
                raise EmbeddedRedisError(f"The folder {private} belongs to another user.")
            private.chmod(0o700)
    except OSError as error:
        raise EmbeddedRedisError(
            f"Can't use the data folder {folder}: {error.strerror} ({error.filename}). "
            "Choose another with --data-dir."
        ) from None


def _last_line(path: Path) -> str:
    with path.open("rb") as file:
        lines = _tail(file).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "(none)"


def _tail(file: IO[bytes]) -> bytes:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 4096))
    return file.read()
