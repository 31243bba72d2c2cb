"""A live room's events in a file, and the same evening played again in a test room.

The file is JSON lines: first `{"liveroom": 1, "room": snapshot}`, then `{"ms": since the start,
"event": event}`. Users are named u1, u2 ... in the order they speak, unless asked otherwise: a
recording is for rehearsals, not for remembering people.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from client_sim.client.observer import Observer
from client_sim.client.state import Position
from client_sim.client.wire import Message
from client_sim.tokens import CannotRun

FORMAT = 1
FLUSH_S = 1.0
_NOT_KEPT = frozenset({"order", "muted", "bye", "gap"})  # what is said to the recorder alone


class Recorder(Observer):
    """Listens with a client that gets everything: an admin, a moderator. Start with `recording`."""

    def __init__(self, *, keep_names: bool) -> None:
        self._lines: list[str] = []
        self._keep_names = keep_names
        self._users: dict[str, str] = {}
        self._start_s: float | None = None

    def joined(
        self,
        asked: Position | None,  # noqa: ARG002 - only the first join starts the file
        reply: Message,
    ) -> None:
        """Open the file with the first snapshot; keep the events that a resume brings."""
        if self._start_s is None:
            self._start_s = asyncio.get_running_loop().time()
            room = reply["room"] | {"comments": []}
            self._lines.append(_line({"liveroom": FORMAT, "room": room}))
        for event in reply.get("missed") or ():
            self.event(event)

    def event(self, event: Message) -> None:
        """Keep an event of the room."""
        if event["t"] in _NOT_KEPT or self._start_s is None:
            return
        since_ms = round((asyncio.get_running_loop().time() - self._start_s) * 1000)
        self._lines.append(_line({"ms": since_ms, "event": self._without_names(event)}))

    def take_lines(self) -> str:
        """The lines that came since the last time."""
        lines, self._lines = self._lines, []
        return "".join(lines)

    def _without_names(self, event: Message) -> Message:
        if self._keep_names:
            return event
        changed = dict(event)
        if event.get("user") is not None:
            user = self._users.setdefault(event["user"], f"u{len(self._users) + 1}")
            changed["user"] = user
            if "name" in event:
                changed["name"] = user
        elif "name" in event:  # a masked buyer
            changed["name"] = "*"
        return changed


@asynccontextmanager
async def recording(path: Path, *, keep_names: bool) -> AsyncIterator[Recorder]:
    """A recorder whose lines are in the file within a second. Raises CannotRun."""
    try:
        await asyncio.to_thread(path.write_text, "", encoding="utf-8")
    except OSError as error:
        raise CannotRun(f"Can't record to {path}: {error.strerror}.") from None
    recorder = Recorder(keep_names=keep_names)
    writing = asyncio.create_task(_write(recorder, path), name=f"recording {path}")
    try:
        yield recorder
    finally:
        writing.cancel()
        await asyncio.wait([writing])
        await asyncio.to_thread(_append, path, recorder.take_lines())


async def _write(recorder: Recorder, path: Path) -> None:
    while True:
        await asyncio.sleep(FLUSH_S)
        await asyncio.to_thread(_append, path, recorder.take_lines())


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _line(value: Message) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_recording(path: Path) -> tuple[Message, list[tuple[int, Message]]]:
    """The snapshot, and the events with their ms since the start. Raises CannotRun."""
    try:
        lines = [json.loads(line) for line in _whole_lines(path.read_text(encoding="utf-8"))]
        if not lines or lines[0].get("liveroom") != FORMAT:
            raise CannotRun(f"{path} is not a recording of version {FORMAT}.")
        return lines[0]["room"], [(line["ms"], line["event"]) for line in lines[1:]]
    except OSError as error:
        raise CannotRun(f"The recording {path} can't be read: {error.strerror}.") from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise CannotRun(f"{path} is not a recording: each line must be a JSON object.") from None


def _whole_lines(text: str) -> Iterable[str]:
    """A recorder that was killed may leave half a line."""
    return text[: text.rfind("\n") + 1].splitlines()
