"""The report of a run: one HTML file that needs nothing else, the verdict first."""

import json
from collections.abc import Iterable, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from loadtest.curves import curves

_STYLE = Path(__file__).with_name("report.css")
_SALES_DRAWN_MAX = 3
_SALES_LISTED_MAX = 10
Report = Mapping[str, Any]


def html(report: Report) -> str:
    """Return the page for a report; the JSON file has the same content."""
    word, kind = ("Passed", "passed") if report["passed"] else ("Failed", "failed")
    title = f"{word}: {report['title']}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text(encoding='utf-8')}</style>"
        f'<header class="{kind}"><h1>{escape(title)}</h1><p>{_in_short(report)}</p></header><main>'
        f"{_verdict(report)}{_sales(report)}{_headroom(report)}{_curves(report)}"
        f"{_latencies(report)}{_counts(report)}"
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

    stock = {
        f"{sale} left": [
            (p["at_s"], p["stock"][sale][0] if sale in p["stock"] else None) for p in curve
        ]
        for sale in _that_matter(report)
    }
    chart = partial(curves, marks=report["marks"])
    charts = (
        chart("People", "connected", {"people": line("users")}),
        chart("Comments delivered", "a second", {"delivered": line("delivered_per_s")}),
        chart("Time to a reply, 99th percentile", "ms", quantiles("reply", "p99")),
        chart("Time to a push, 99th percentile", "ms, by class", quantiles("push", "p99")),
        chart("Time to a push, median", "ms, by class", quantiles("push", "p50")),
        chart(
            "Orders and refusals", "a second",
            {"orders": line("orders_per_s"), "refused": line("refused_per_s")},
        ),
        chart("Stock", "units", stock),
        chart(
            "Commands", "a second",
            {"answered": line("commands_per_s"), "failed": line("failed_per_s")},
        ),
        chart("Received by all people", "Mbit a second", {"received": line("mbit_per_s")}),
        chart("Server CPU", "cores", {"server": line("server_cpu")}),
        chart("Server memory", "MB", {"server": line("server_memory_mb")}),
        chart("Server loop lag", "ms, mean", {"lag": line("server_loop_lag_ms")}),
    )  # fmt: skip
    happened = "".join(
        f'<li><i class="{mark["kind"]}"></i>{_moment(mark)}: {escape(mark["label"])}</li>'
        for mark in report["marks"]
    )
    return (
        f'<section><h2>How it went</h2><ul class="marks">{happened}</ul>'
        f'<div class="charts">{"".join(charts)}</div></section>'
    )


def _moment(mark: Mapping[str, Any]) -> str:
    lasts = mark["until_s"] > mark["at_s"]
    return f"{mark['at_s']:.0f} s" + (f" to {mark['until_s']:.0f} s" if lasts else "")


def _that_matter(report: Report) -> list[str]:
    """Names of the sales most people wanted, as the stock curves have them; the first matters."""
    known = {sale for point in report["curve"] for sale in point["stock"]}
    ranked = (
        name for sale in report["sales"] for name in (sale["sku"], f"{sale['room']}: {sale['sku']}")
    )
    return [name for name in ranked if name in known][:_SALES_DRAWN_MAX]


def _sales(report: Report) -> str:
    """Return the section on the sales that most people wanted, and on all takings."""
    sales = report["sales"]
    if not sales:
        return ""
    names = ("room", "sku", "allocated", "asked", "got", "sold")
    rows = ((f"{sale[name]:,}" if isinstance(sale[name], int) else sale[name] for name in names)
            for sale in sales[:_SALES_LISTED_MAX])  # fmt: skip
    head = ("Room", "Sale", "units", "people who tried", "who got one", "units paid")
    left_out = len(sales) - _SALES_LISTED_MAX
    more = f'<p class="more">And {left_out} more that fewer wanted.</p>' if left_out > 0 else ""
    taken = f"<p>{escape(report['takings'])}</p>" if report["takings"] else ""
    return f"<section><h2>What was sold</h2>{taken}{_table(head, rows)}{more}</section>"


def _headroom(report: Report) -> str:
    """Return the section on headroom, with the prediction of `liveroom size`."""
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in report["headroom"])
    model = report["size"]
    if model:
        said += (
            "<details><summary>What <code>liveroom size</code> says of the busiest seconds"
            f"</summary><pre>{escape(model)}</pre></details>"
        )
    return f"<section><h2>How many more?</h2>{said}</section>" if said else ""


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
