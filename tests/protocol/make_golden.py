"""Writes the bytes into the golden files: `python -m tests.protocol.make_golden`.

A golden file is a list of {name, message, json, msgpack}. People write `name` and `message`, with
the fields in the order of the wire; this program adds the bytes by the standard library's json and
by the msgpack package, so that no golden byte comes from the code under test. It never changes
bytes that are there: a message whose wire form changes has to lose its bytes by hand first.
"""

import json
from pathlib import Path
from typing import Any

import msgpack

FOLDER = Path(__file__).parent / "golden"


def read(file: str) -> list[dict[str, Any]]:
    """The cases of one golden file: commands, replies or events."""
    cases: list[dict[str, Any]] = json.loads((FOLDER / f"{file}.json").read_text("utf-8"))
    return cases


def encoded(message: Any) -> dict[str, str]:
    """Both wire forms of a message: the JSON text, the msgpack bytes in hex."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return {"json": text, "msgpack": msgpack.packb(message).hex()}


def main() -> None:
    """Fill in what is missing."""
    for path in sorted(FOLDER.glob("*.json")):
        cases = [encoded(case["message"]) | case for case in read(path.stem)]
        ordered = [
            {key: case[key] for key in ("name", "message", "json", "msgpack")} for case in cases
        ]
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in ordered)
        path.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
