"""docs/integrate.md is true: a shop is put on a server by what the page says, block after block.

Files are written, commands are run in one shell, as somebody does who reads the page; what it says
is printed must be printed.
"""

import asyncio
import os
import re
import signal
import sqlite3
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from loadtest.fanout.ready import free_port
from tests.packaging.build_clients import build_wheel

pytestmark = [
    pytest.mark.long("a whole shop, with a server as a process"),
    pytest.mark.blocking_allowed,
]
PAGE = (Path(__file__).parent.parent / "docs" / "integrate.md").read_text("utf-8")
PORTS = ("8080", "9000")
"""Those that the page takes; a test takes free ones."""
IN_OTHER_TERMINALS = ("server", "receiver")


class Block(NamedTuple):
    """A block of the page: its language, the word behind it, and its text."""

    language: str
    word: str
    text: str

    @property
    def file(self) -> str:
        """The file that it is, by its first line; empty if it is none."""
        named = re.match(r"# (\w+\.\w+)\n", self.text)
        return named[1] if named and self.language in ("python", "toml") else ""


BLOCKS = [Block(*found) for found in re.findall(r"(?ms)^```(\w+)(?: (\w+))?\n(.*?)^```$", PAGE)]


class Shell:
    """One terminal, in which block after block is typed; a command that fails ends it."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self._folder, self._process, self._typed = folder, process, 0

    async def run(self, text: str) -> str:
        """Run a block; what it printed. It fails with what was said on standard error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._typed += 1
        script = self._folder / f".block-{self._typed}"
        script.write_text(text, "utf-8")
        end = f"--- end of block {self._typed}"
        self._process.stdin.write(f". ./{script.name} </dev/null; echo; echo '{end}'\n".encode())
        printed: list[str] = []
        while line := (await self._process.stdout.readline()).decode():
            if line.strip() == end:
                return "".join(printed).strip()
            printed.append(line)
        errors = (self._folder / ".errors").read_text("utf-8")
        raise AssertionError(f"{text}\nprinted {printed}, and failed:\n{errors[-3000:]}")


@asynccontextmanager
async def terminal(folder: Path, env: dict[str, str], text: str = "") -> AsyncIterator[
    asyncio.subprocess.Process
]:  # fmt: skip
    """A shell in the folder, and all that it started, ended with it."""
    with (folder / ".errors").open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            "bash", "--norc", "-eu", "-o", "pipefail", *(["-c", text] if text else []),
            cwd=folder, env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=errors, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
        assert process.stdout is not None
        while await process.stdout.read(65_536):  # until all that hold it have ended
            pass
        await process.wait()


async def is_listening(process: asyncio.subprocess.Process, port: int) -> None:
    """Wait until somebody listens; the process must go on."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert process.returncode is None
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {port: str(free_port()) for port in PORTS}
        self.printed = ""

    def here(self, text: str) -> str:
        """The text with ports that are free."""
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        return text

    def expect(self, text: str) -> None:
        """What the block before must have printed last."""
        assert self.printed.endswith(self.here(text).strip()), (self.printed, text)

    def stored(self, what: str) -> list[Any]:
        """What stands in the database of the receiver."""
        with closing(sqlite3.connect(self.folder / "shop.sqlite3")) as database:
            return database.execute(what).fetchall()

    def write(self, block: Block) -> None:
        """Save a file; each has a name of its own."""
        path = self.folder / block.file
        assert not path.exists(), f"{block.file} is there twice"
        path.write_text(self.here(block.text), "utf-8")


def environment(site: Path) -> dict[str, str]:
    """A newcomer's: the packages are installed, and nothing else is set."""
    mine = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    mine = {name: value for name, value in mine.items() if not name.startswith("LIVEROOM_")}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{mine['PATH']}"
    return mine | {"PATH": programs, "PYTHONPATH": str(site), "PYTHONUNBUFFERED": "1"}


async def test_the_page_takes_a_shop_from_nothing_to_its_first_order(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_wheel(tmp_path / "wheel")) as packed:
        packed.extractall(tmp_path / "site")
    folder = tmp_path / "shop"
    folder.mkdir()
    env = environment(tmp_path / "site")
    reader = Reader(folder)
    waiting = list(BLOCKS)

    async def follow(shell: Shell) -> None:
        while waiting:
            block = waiting.pop(0)
            if block.word == "install":
                continue  # tests/packaging installs both packages
            if block.file:
                reader.write(block)
            elif block.language in ("text", "json"):
                reader.expect(block.text)
            elif block.word in IN_OTHER_TERMINALS:
                async with terminal(folder, env, reader.here(block.text)) as process:
                    port = PORTS[IN_OTHER_TERMINALS.index(block.word)]
                    await is_listening(process, int(reader.ports[port]))
                    if waiting[0].language == "text":
                        assert process.stdout is not None
                        reader.printed = (await process.stdout.readline()).decode().strip()
                    await follow(shell)
            else:
                assert (block.language, block.word) == ("sh", ""), block
                reader.printed = await shell.run(reader.here(block.text))
        while reader.stored("SELECT json_extract(body, '$.back') FROM payments") != [(19900,)]:
            await asyncio.sleep(0.02)  # the receiver is told some seconds after it happened

    async with terminal(folder, env) as process:
        await follow(Shell(folder, process))

    [(status, parcel)] = reader.stored("SELECT status, parcel FROM orders JOIN to_ship USING (id)")
    assert (status, bool(parcel)) == ("paid", True)


def test_the_page_has_a_box_that_says_what_liveroom_is_not() -> None:
    [box] = re.findall(
        r"^(> \*\*What Liveroom is not\.\*\*.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL
    )
    assert all(line.startswith("> ") for line in box.splitlines())


def test_the_hour_is_an_hour_and_the_files_are_seven() -> None:
    assert sum(bool(block.file) for block in BLOCKS) == 7
    assert "You write seven small files" in PAGE
    steps = re.findall(r"(?m)^## \d\. .*\((\d+) minutes\)$", PAGE)
    table = re.findall(
        r"^\| \[\d\]\(#[\w-]+-(\d+)-minutes\) \|.*\| (\d+) minutes \|$", PAGE, re.MULTILINE
    )
    assert [(minutes, minutes) for minutes in steps] == table
    assert sum(map(int, steps)) <= 60
