"""The table a run ends with."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from client_sim.checks import CHECKS, Findings
from client_sim.client.wire import Message
from client_sim.tally import Latency, Tally

Row = Sequence[object]


def report(
    title: str, tally: Tally, findings: Findings, orders: Iterable[Message], notes: Sequence[str]
) -> str:
    """Everything worth knowing about a run, the verdict last."""
    parts = [
        title,
        table(("command", "ok", "refused or unanswered", "p50 ms", "p99 ms"), _commands(tally)),
        table(("event", "received"), sorted(tally.events.items())),
        table(("orders at the end", "number"), _orders(orders)),
        table(("latency", "p50 ms", "p99 ms", "max ms"), _latencies(tally)),
        table(("connections", "number"), _connections(tally)),
        table(("check", "result", "looked", "at least", "what must hold"), _checks(findings)),
        *_failures(findings),
        *notes,
        _verdict(findings),
    ]
    return "\n\n".join(part for part in parts if part)


def _commands(tally: Tally) -> Iterator[Row]:
    for op, results in sorted(tally.replies.items()):
        errors = ", ".join(f"{n} {code}" for code, n in results.most_common() if code != "ok")
        times = tally.reply_ms.get(op, Latency())
        yield op, results["ok"], errors or "-", f"{times.quantile(0.5):g}", f"{_p99(times):g}"


def _orders(orders: Iterable[Message]) -> Iterator[Row]:
    statuses = Counter(order["status"] for order in orders)
    yield "all", statuses.total()
    for status, n in statuses.most_common():
        yield ("lapsed (expired)" if status == "expired" else status), n


def _latencies(tally: Tally) -> Iterator[Row]:
    for name, times in (
        ("reply to any command", _together(tally)),
        ("comment to each viewer", tally.delivery_ms),
    ):
        numbers = (times.quantile(0.5), _p99(times), times.quantile(1))
        yield name, *(f"{ms:g}" for ms in numbers)


def _together(tally: Tally) -> Latency:
    every = Latency()
    for times in tally.reply_ms.values():
        every.merge(times)
    return every


def _p99(times: Latency) -> float:
    return times.quantile(0.99)


def _connections(tally: Tally) -> Iterator[Row]:
    yield "joined", tally.joins
    yield "of these resumed without a gap", tally.resumes
    for reason, n in tally.losses.most_common():
        yield f"lost: {reason:.60}", n


def _checks(findings: Findings) -> Iterator[Row]:
    for name, meaning in CHECKS.items():
        looked, failed = findings.looked[name], findings.failed[name]
        result = f"FAIL x{failed}" if failed else "pass" if looked else "not seen"
        yield name, result, looked, findings.least[name], meaning


def _failures(findings: Findings) -> Iterator[str]:
    for name, n in findings.failed.items():
        shown = findings.sentences[name]
        more = [f"  ... and {n - len(shown)} more"] if n > len(shown) else []
        yield "\n".join([f"{name}:", *(f"  {sentence}" for sentence in shown), *more])


def _verdict(findings: Findings) -> str:
    if findings.passed:
        seen = sum(findings.looked[name] > 0 for name in CHECKS)
        return f"All good: {seen} of {len(CHECKS)} checks looked and found nothing wrong."
    names = ", ".join(sorted(findings.failed))
    return f"FAILED: {names}."


def table(head: Row, rows: Iterable[Row]) -> str:
    """Rows under a head: left-aligned words, right-aligned numbers. No rows give no text."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    if len(cells) == 1:
        return ""
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    numeric = [all(_is_number(row[i]) for row in cells[1:]) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit()
