"""The report of a run: one HTML file that needs nothing else, the verdict first."""

import json
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from loadtest.curves import curves

_STYLE = Path(__file__).with_name("report.css")
Report = Mapping[str, Any]


def html(report: Report) -> str:
    """The page, from what the JSON twin holds."""
    word, kind = ("Passed", "passed") if report["passed"] else ("Failed", "failed")
    title = f"{word}: {report['title']}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text(encoding='utf-8')}</style>"
        f'<header class="{kind}"><h1>{escape(title)}</h1><p>{_in_short(report)}</p></header><main>'
        f"{_verdict(report)}{_curves(report)}{_latencies(report)}{_counts(report)}"
        f"{_settings(report)}</main></html>\n"
    )


def _in_short(report: Report) -> str:
    curve, orders = report["curve"], report["orders"]
    users = max((point["users"] for point in curve), default=0)
    fastest = max((point["delivered_per_s"] for point in curve), default=0)
    seconds = curve[-1]["at_s"] if curve else 0
    return escape(
        f"{users:,} people for {seconds:.0f} s, up to {fastest:,.0f} comments delivered a second, "
        f"{orders['told_ok']:,} orders, {orders['told_refused']:,} refusals, "
        f"{orders['unanswered']:,} unanswered. Finished {report['finished']}."
    )


def _verdict(report: Report) -> str:
    rows = "".join(
        f'<tr class="{"ok" if line["passed"] else "fail"}">'
        f"<td>{'✓' if line['passed'] else '✗'}</td>"
        f"<td>{escape(line['what'])}</td><td>{escape(line['measured'])}</td>"
        f"<td>{escape(line['limit'])}</td></tr>"
        for line in report["verdict"]
    )
    notes = "".join(f'<p class="note">{escape(said)}</p>' for said in report["warnings"])
    head = "<tr><th></th><th>What must hold</th><th>Measured</th><th>Limit</th></tr>"
    return f"<section><h2>Verdict</h2><table>{head}{rows}</table>{notes}</section>"


def _curves(report: Report) -> str:
    curve = report["curve"]

    def line(key: str) -> list[tuple[float, float | None]]:
        return [(point["at_s"], point.get(key)) for point in curve]

    def quantiles(prefix: str, q: str) -> dict[str, list[tuple[float, float | None]]]:
        shown = ("join", "buy", "comment", "like", "pay", "must", "order", "sample")
        return {name: line(f"{q}.{prefix}.{name}") for name in shown}

    sales = sorted({sale for point in curve for sale in point["stock"]})
    stock = {
        f"{sale} left": [
            (p["at_s"], p["stock"][sale][0] if sale in p["stock"] else None) for p in curve
        ]
        for sale in sales[:6]
    }
    charts = (
        curves("People", "connected", {"people": line("users")}),
        curves("Comments delivered", "a second", {"delivered": line("delivered_per_s")}),
        curves("Time to a reply, 99th percentile", "ms", quantiles("reply", "p99")),
        curves("Time to a push, 99th percentile", "ms, by class", quantiles("push", "p99")),
        curves("Time to a push, median", "ms, by class", quantiles("push", "p50")),
        curves(
            "Orders and refusals", "a second",
            {"orders": line("orders_per_s"), "refused": line("refused_per_s")},
        ),
        curves("Stock", "units", stock),
        curves(
            "Commands", "a second",
            {"answered": line("commands_per_s"), "failed": line("failed_per_s")},
        ),
        curves("Received by all people", "Mbit a second", {"received": line("mbit_per_s")}),
        curves("Server CPU", "cores", {"server": line("server_cpu")}),
        curves("Server memory", "MB", {"server": line("server_memory_mb")}),
        curves("Server loop lag", "ms, mean", {"lag": line("server_loop_lag_ms")}),
    )  # fmt: skip
    return f'<section><h2>How it went</h2><div class="charts">{"".join(charts)}</div></section>'


def _latencies(report: Report) -> str:
    rows = (
        (
            name,
            f"{row['n']:,}",
            *(_ms(row[key]) for key in ("p50_ms", "p90_ms", "p99_ms", "max_ms")),
        )
        for name, row in report["latencies"].items()
    )
    head = ("", "times", "median ms", "90 % ms", "99 % ms", "longest ms")
    return f"<section><h2>Latencies</h2>{_table(head, rows)}</section>"


def _counts(report: Report) -> str:
    rows = ((name, f"{n:,}") for name, n in report["counts"].items())
    return (
        f"<section><h2>Counts</h2><details><summary>All counters</summary>"
        f"{_table(('', ''), rows)}</details></section>"
    )


def _settings(report: Report) -> str:
    parts = {
        "Machine": report["machine"], "Server": report["server"], "Load": report["harness"],
        "Truth check": report["truth"], "Scenario": report["settings"],
    }  # fmt: skip
    shown = "".join(
        f"<details><summary>{name}</summary><pre>"
        f"{escape(json.dumps(part, indent=1, ensure_ascii=False))}</pre></details>"
        for name, part in parts.items()
    )
    return f"<section><h2>Machine and settings</h2>{shown}</section>"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<table class="numbers"><tr>{top}</tr>{body}</table>'


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
