"""Writes the bytes into the golden files: `python -m tests.protocol.make_golden`.

A golden file is a list of {name, message, json, msgpack}. People write `name` and `message`, with
the fields in the order of the wire; this program adds the bytes by the standard library's json and
by the msgpack package, so that no golden byte comes from the code under test. It never changes
bytes that are there: a message whose wire form changes has to lose its bytes by hand first.

The messages of a feature may stand beside its tests, in `tests/features/NAME/golden.json`:
commands, replies and events in one list.
"""

import json
from pathlib import Path
from typing import Any

import msgpack

FOLDER = Path(__file__).parent / "golden"
OF_FEATURES = Path(__file__).parents[1] / "features"


def read(kind: str) -> list[dict[str, Any]]:
    """All golden cases of a kind: commands, replies, events or rooms."""
    cases = cases_in(FOLDER / f"{kind}.json")
    for path in sorted(OF_FEATURES.glob("*/golden.json")):
        cases += [case for case in cases_in(path) if kind_of(case["message"]) == kind]
    return cases


def cases_in(path: Path) -> list[dict[str, Any]]:
    """The cases of one golden file."""
    cases: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return cases


def kind_of(message: dict[str, Any]) -> str:
    """What a message of a feature is, by the field that says so."""
    if "op" in message:
        return "commands"
    return "replies" if message["t"] in ("ok", "err") else "events"


def encoded(message: Any) -> dict[str, str]:
    """Both wire forms of a message: the JSON text, the msgpack bytes in hex."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return {"json": text, "msgpack": msgpack.packb(message).hex()}


def main() -> None:
    """Fill in what is missing."""
    for path in sorted([*FOLDER.glob("*.json"), *OF_FEATURES.glob("*/golden.json")]):
        cases = [encoded(case["message"]) | case for case in cases_in(path)]
        ordered = [
            {key: case[key] for key in ("name", "message", "json", "msgpack")} for case in cases
        ]
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in ordered)
        path.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
