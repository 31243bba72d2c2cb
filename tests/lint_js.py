"""Check the types of all JavaScript with `tsc --checkJs --strict`, file by file against a list.

    python -m tests.lint_js            # exits with 1 if a file has more findings than listed
    python -m tests.lint_js --update   # lowers the list to what was found; it never rises

The list, tests/lint_js_known.json, holds the findings there still are, by file. A file that is not
in it has none. tsc comes from npm (`make setup`), in the version that package-lock.json pins.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
KNOWN = Path(__file__).with_name("lint_js_known.json")
TSC = ROOT / "node_modules" / ".bin" / "tsc"
TIMEOUT_S = 180
MISSING = (
    "The JavaScript was not checked: TypeScript is not installed. Install Node.js with npm, "
    "then run `make setup` (or `npm ci` in the repository's root)."
)
_FINDING = re.compile(r"^(?P<path>[^(\s]+)\(\d+,\d+\): error TS\d+: ")


def tsc() -> list[str]:
    """The findings, one a line: `path(line,column): error TSnnnn: words`."""
    command = [str(TSC), "--project", str(ROOT / "tsconfig.json"), "--pretty", "false"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    found = [line for line in done.stdout.splitlines() if _FINDING.match(line)]
    if done.returncode and not found:
        raise RuntimeError(f"tsc failed: {(done.stdout + done.stderr).strip()}")
    return found


def count(found: list[str]) -> dict[str, int]:
    """Findings by file."""
    return dict(Counter(line.partition("(")[0] for line in found))


def worse(found: list[str], known: dict[str, int]) -> list[str]:
    """The findings of every file that has more than are known of it."""
    by_file = count(found)
    return [line for line in found if by_file[path := line.partition("(")[0]] > known.get(path, 0)]


def lowered(found: list[str], known: dict[str, int]) -> dict[str, int]:
    """`known` without what has been mended."""
    by_file = count(found)
    return {
        path: left for path, n in sorted(known.items()) if (left := min(n, by_file.get(path, 0)))
    }


def main() -> int:
    """Print what is worse than listed; the exit status."""
    if not TSC.exists():
        print(MISSING, file=sys.stderr)
        return int(os.environ.get("CI") == "true")
    found, known = tsc(), json.loads(KNOWN.read_text())
    for line in (new := worse(found, known)):
        print(line)
    if new:
        print("tsc: the files above have more findings than tests/lint_js_known.json lists.")
        return 1
    if (less := lowered(found, known)) != known:
        if "--update" not in sys.argv[1:]:
            print("tsc: fewer findings than listed. Keep it so: python -m tests.lint_js --update")
            return 1
        KNOWN.write_text(json.dumps(less, indent=2) + "\n")
    print(f"tsc: {len(found)} known findings in {len(less)} files, no new ones.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
