"""Run luacheck over every Lua script as Redis gets it, with its preludes in front.

    python -m tests.lint_lua

A finding names the file and line it is in, not the place in the composed text. What a prelude
defines and one script leaves unused is fine; what every script leaves unused is a finding.
Exits with 1 if there are findings, or if luacheck is missing while CI=true.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from server.house import HOUSE

GLOBALS = ("redis", "cmsgpack", "cjson", "struct", "bit", "KEYS", "ARGV")
LINE_MAX = 120
TIMEOUT_S = 120
MISSING = (
    "The Lua scripts were not checked: luacheck is not installed. Install it with "
    "`apt-get install lua-check` (Debian, Ubuntu) or `luarocks install luacheck`."
)
_FINDING = re.compile(r"^(?P<path>.+?):(?P<line>\d+):\d+: \((?P<code>[EW]\d+)\) (?P<words>.*)$")


class Place(NamedTuple):
    """A line of a Lua file, counted from 1; `prelude`: the file is put in front of scripts."""

    path: str
    line: int
    prelude: bool


class Finding(NamedTuple):
    """What luacheck says about a place, such as W211."""

    place: Place
    code: str
    words: str

    def __str__(self) -> str:
        return f"{self.place.path}:{self.place.line}: {self.code} {self.words}"


def sources() -> dict[str, str]:
    """Every Lua file of the server: its text by its path below the repository."""
    root = Path(str(files("server")))
    return {str(path.relative_to(root.parent)): path.read_text() for path in root.rglob("*.lua")}


def places(text: str, parts: dict[str, str]) -> dict[int, Place]:
    """Where each line of a composed script comes from; lines the loader made are left out."""
    found: dict[int, Place] = {}
    for path, part in parts.items():
        at = text.find(part)
        if at < 0:
            continue
        first = text.count("\n", 0, at) + 1
        prelude = at + len(part) < len(text)
        for n in range(part.count("\n") + 1):
            if prelude and n == part.count("\n"):
                break  # the empty rest after a prelude's last line is the next part's first line
            found[first + n] = Place(path, n + 1, prelude)
    return found


def luacheck(folder: Path) -> Iterator[tuple[str, int, str, str]]:
    """Yield `(script, line, code, words)` for each finding in the composed texts in `folder`."""
    command = ["luacheck", "--std", "lua51", "--formatter", "plain", "--codes", "--no-color"]
    command += [
        "--no-config",
        "--no-cache",
        "--max-code-line-length",
        str(LINE_MAX),
        "--no-max-comment-line-length",
    ]
    command += ["--read-globals", *GLOBALS, "--", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode > 2:  # 1: warnings, 2: errors in the Lua, more: luacheck itself failed
        raise RuntimeError(f"luacheck failed: {done.stderr.strip() or done.stdout.strip()}")
    for line in done.stdout.splitlines():
        if found := _FINDING.match(line):
            yield Path(found["path"]).stem, int(found["line"]), found["code"], found["words"]


def lint(scripts: dict[str, str], parts: dict[str, str]) -> list[Finding]:
    """The findings in `scripts` (composed text by name), each once, in order of their places."""
    origins = {name: places(text, parts) for name, text in scripts.items()}
    users = Counter(
        path
        for lines in origins.values()
        for path in {place.path for place in lines.values() if place.prelude}
    )
    reported: dict[Finding, set[str]] = defaultdict(set)
    with TemporaryDirectory() as folder:
        for name, text in scripts.items():
            (Path(folder) / f"{name}.lua").write_text(text)
        for name, line, code, words in luacheck(Path(folder)):
            if place := origins[name].get(line):
                reported[Finding(place, code, words)].add(name)
    return sorted(
        finding
        for finding, names in reported.items()
        # W2..: unused. A script need not use all of its preludes.
        if not (finding.place.prelude and finding.code.startswith("W2"))
        or len(names) == users[finding.place.path]
    )


def main() -> int:
    """Print the findings; the exit status."""
    if shutil.which("luacheck") is None:
        print(MISSING, file=sys.stderr)
        return int(os.environ.get("CI") == "true")
    scripts = {name: script.text for name, script in HOUSE.library.scripts.items()}
    found = lint(scripts, sources())
    for finding in found:
        print(finding)
    print(f"luacheck: {len(found)} findings in {len(scripts)} scripts.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
