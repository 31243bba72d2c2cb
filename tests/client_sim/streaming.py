"""liveroom.js by HTTP, in Node, as a test drives it."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "streaming.mjs"


class Page:
    """The program: `do` gives it a line, `read` is its next line with this name."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    def do(self, *line: Any) -> None:
        self._stdin.write(json.dumps(line).encode() + b"\n")

    async def read(self, name: str) -> Any:
        while line := await self._stdout.readline():
            told = json.loads(line)
            if name in told:
                return told[name]
        assert self._process.stderr is not None
        raise AssertionError((await self._process.stderr.read()).decode())

    async def tell(self, *commands: list[Any]) -> Any:
        """Send commands; what was told of each."""
        self.do("send", commands)
        return await self.read("told")

    async def end(self) -> None:
        """Let it go on until nothing is under way."""
        self._stdin.close()
        await self._process.wait()


@asynccontextmanager
async def open_page(url: str, room: str, *tokens: str) -> AsyncIterator[Page]:
    """The program, ended when the test is over."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    process = await asyncio.create_subprocess_exec(
        node, "--no-warnings", PROGRAM, url, room, *tokens,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Page(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
