"""docs/metrics.md as data: each table's numbers with their examples."""

import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
TABLES = ("numbers", "sources", "products", "pins", "coupons", "minutes")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def section(name: str) -> list[list[str]]:
    """The rows of the table under a heading, as cells; without its head."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {name}\n", 1)[1].split("\n## ")[0]
    rows = [_cells(line) for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def examples(name: str) -> dict[str, Any]:
    """The numbers that a section defines, with the value of each example."""
    return {row[0].strip("`"): json.loads(row[5].strip("`")) for row in section(name)}


def codes() -> list[str]:
    """The codes of all findings."""
    return [row[0].strip("`") for row in section("findings")]
