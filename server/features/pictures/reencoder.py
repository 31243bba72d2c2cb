"""Has pictures re-encoded: each in a process of its own (`reencoding`), few at once.

A decoder that crashes, hangs or eats memory ends its process, and one upload with it. The price is
the start of a Python for each picture, which is little beside the decoding.
"""

import asyncio
import contextlib
import logging
import sys
from pathlib import Path
from typing import Final

import msgspec
import PIL

from server.features.pictures.settings import PictureSettings
from server.protocol.codes import CommandError

PROGRAM: Final = Path(__file__).with_name("reencoding.py")
CLOCK_PER_CPU: Final = 3
"""How much longer than its CPU time a process may live: it waits for its turn on a busy machine."""
_LIBRARIES: Final = str(Path(PIL.__file__).parents[1])
"""Where Pillow is, however it was installed."""
_WHY: Final = {
    "kind": "This is no picture that can be read here: send a JPEG, PNG, WebP, AVIF or GIF.",
    "heic": "This is a HEIC picture, which cannot be read here: send it as a JPEG. An iPhone takes "
    "JPEGs by Settings, Camera, Formats, Most Compatible.",
    "unreadable": "This picture is damaged: it cannot be read to its end. Save it anew, or send "
    "another.",
    "heavy": "This picture takes more memory than there is for one: make it smaller.",
}

_log = logging.getLogger(__name__)


class Reencoded(msgspec.Struct, frozen=True):
    """A picture as it is kept: its pixels, a WebP, and a small JPEG."""

    w: int
    h: int
    full: bytes
    small: bytes


class _Said(msgspec.Struct):
    """The line with which the process begins its answer."""

    why: str = ""
    w: int = 0
    h: int = 0
    full: int = 0
    small: int = 0


_SAID = msgspec.json.Decoder(_Said)


class Reencoder:
    """Starts the processes, `at_once_max` at the same time."""

    def __init__(self, settings: PictureSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(settings.at_once_max)
        self._bounds = msgspec.json.encode(
            {
                "pixels_max": settings.pixels_max,
                "side_max": settings.side_max,
                "small_side_max": settings.small_side_max,
                "quality": settings.quality,
                "cpu_s_max": int(settings.reencode_s_max),
                "bytes_max": settings.reencode_bytes_max,
            }
        ).decode()

    async def reencode(self, body: bytes) -> Reencoded:
        """Return the picture as it is kept. Raises CommandError for one that is refused."""
        async with self._turns:
            answer = await self._answer(body)
        line, _, files = answer.partition(b"\n")
        try:
            said = _SAID.decode(line)
        except msgspec.DecodeError:  # it was ended before it could say anything
            raise _refusal("unreadable", self._settings) from None
        if said.why or not said.full or len(files) != said.full + said.small:
            raise _refusal(said.why or "unreadable", self._settings)
        return Reencoded(said.w, said.h, files[: said.full], files[said.full :])

    async def _answer(self, body: bytes) -> bytes:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-s", str(PROGRAM), self._bounds),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": _LIBRARIES},  # no secret of ours
        )
        try:
            async with asyncio.timeout(self._settings.reencode_s_max * CLOCK_PER_CPU):
                answer, errors = await child.communicate(body)
        except TimeoutError:
            _log.warning("A picture of %d bytes took too long to re-encode.", len(body))
            return b""
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        if child.returncode:
            last = errors.decode(errors="replace").strip().splitlines()[-1:]
            _log.warning(
                "The process that re-encoded a picture of %d bytes ended with status %d: %s",
                *(len(body), child.returncode, last[0] if last else "it said nothing"),
            )
            return b""
        return answer


def _refusal(why: str, settings: PictureSettings) -> CommandError:
    if why == "pixels":
        millions = settings.pixels_max / 1_000_000
        return CommandError(
            "too_long",
            f"This picture has more than {millions:g} million pixels, the most that are read here: "
            "make it smaller.",
        )
    return CommandError("too_long" if why == "heavy" else "bad_message", _WHY[why])
