"""What people type into the console: moments in a time zone, and tables of products."""

import csv
import io
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

UI = Path(__file__).parents[2] / "server" / "web" / "pages" / "ui"
ZONES = (
    "Asia/Shanghai", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
    "America/St_Johns", "Africa/Casablanca", "Pacific/Apia", "UTC",
)  # fmt: skip
"""With clocks that are put forward and back, by half an hour too, and with none of that."""
FORM = "%Y-%m-%dT%H:%M"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder with both modules, without a browser and without words."""
    for name in ("zone.js", "cells.js"):
        shutil.copy(UI / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "later-words.js").write_text("")
    (tmp_path / "strings.js").write_text("export const t = (key, holes) => key;")
    return tmp_path


def ask(pages: Path, script: str, given: Any = None) -> Any:
    """The value of `script`, an expression that may use `zone`, `cells` and `given`."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs node.")
        pytest.skip("node is not installed")
    program = pages / "ask.js"
    program.write_text(
        'import * as zone from "./zone.js"; import * as cells from "./cells.js";'
        f"const given = {json.dumps(given)}; console.log(JSON.stringify({script}));"
    )
    done = subprocess.run([node, program], capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


def moments(text: str, name: str) -> list[int]:
    """When a clock in the zone shows this, by Python's zoneinfo; Unix ms."""
    wall = datetime.strptime(text, FORM)  # noqa: DTZ007  (it is meant in a zone)
    found = set()
    for fold in (0, 1):
        at = wall.replace(tzinfo=ZoneInfo(name), fold=fold).astimezone(UTC)
        if at.astimezone(ZoneInfo(name)).replace(tzinfo=None, fold=0) == wall:
            found.add(round(at.timestamp() * 1000))
    return sorted(found)


def test_what_is_typed_in_a_zone_is_the_moment_that_its_clocks_show(pages: Path) -> None:
    random, start = Random(7), datetime(2026, 1, 1)  # noqa: DTZ001
    typed = [
        ((start + timedelta(minutes=30 * random.randrange(2 * 24 * 365))).strftime(FORM), name)
        for name in ZONES
        for _ in range(200)
    ]
    typed += [
        ("2026-03-29T02:30", "Europe/Paris"),
        ("2026-10-25T02:30", "Europe/Paris"),
        ("2026-10-04T02:15", "Australia/Lord_Howe"),
        ("2026-04-05T01:45", "Australia/Lord_Howe"),
    ]
    found = ask(pages, "given.map(([text, name]) => zone.momentsIn(text, name))", typed)
    expected = [moments(*each) for each in typed]
    assert [len(each) for each in expected[-4:]] == [0, 2, 0, 2]
    assert [
        (each, ours) for each, ours, theirs in zip(typed, found, expected, strict=True)
        if ours != theirs
    ] == []  # fmt: skip


def test_a_moment_that_is_shown_and_typed_again_is_the_same(pages: Path) -> None:
    ms = [1_760_000_000_000 + 7_260_000 * n for n in range(500)]
    script = "given.map((ms) => zone.momentsIn(zone.fieldTime(ms, NEW_YORK), NEW_YORK))"
    script = script.replace("NEW_YORK", "'America/New_York'")
    for at, found in zip(ms, ask(pages, script, ms), strict=True):
        assert at - at % 60_000 in found


def test_a_time_that_clocks_skip_is_refused_and_one_that_comes_twice_is_the_first(
    pages: Path,
) -> None:
    script = """((told) => given.map((text) => {
        told = "";
        try {
            return [zone.momentIn(text, "Europe/Paris", (words) => { told = words; }), told];
        } catch (error) { return [error.message, told]; }
    }))()"""
    gap, fold, plain, none = ask(
        pages, script, ["2026-03-29T02:30", "2026-10-25T02:30", "2026-07-01T20:00", ""]
    )
    assert gap == ["zone.gap", ""]
    assert fold == [moments("2026-10-25T02:30", "Europe/Paris")[0], "zone.fold"]
    assert plain == [moments("2026-07-01T20:00", "Europe/Paris")[0], ""]
    assert none == [None, ""]


def test_a_table_is_read_as_it_was_written(pages: Path) -> None:
    random = Random(7)
    texts = ["mug", "", "Mug, blue", '8" plate', "two\nlines", "茶", "1.5"]
    rows = [[random.choice(texts) for _ in range(4)] + ["x"] for _ in range(60)]
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    pasted = "sku\ttitle\n1\tMug, blue\n\n"
    ours = ask(pages, "given.map((row) => row.map(cells.cell).join(',')).join('\\n')", rows)
    assert ask(pages, "cells.cellsIn(given)", written.getvalue()) == rows
    assert ask(pages, "cells.cellsIn(given)", ours) == rows
    assert ask(pages, "cells.cellsIn(given)", pasted) == [["sku", "title"], ["1", "Mug, blue"]]
