"""The parts of docs/scaling.md that are made: what `liveroom size` prints, costs, residuals."""

import ast
import contextlib
import io
import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import typer

from server.cli.costs import MEASURED, MEASURED_BY, Costs
from server.cli.residuals import in_words, residuals
from server.cli.size import size

_CONSOLE = re.compile(r"```console\n\$ liveroom size (.*?)\n.*?```", re.DOTALL)


def scaling_md(page: str) -> str:
    """Return the page with each of these parts made anew."""
    page = _CONSOLE.sub(lambda found: _console(found[1]), page)
    page = _between(page, "costs", "\n".join(_costs()))
    return _between(page, "residuals", f"```text\n{in_words(residuals(), 'modelled')}\n```")


def _console(arguments: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        command = typer.Typer()
        command.command()(size)
        command(shlex.split(arguments), standalone_mode=False)
    return f"```console\n$ liveroom size {arguments}\n{said.getvalue()}```"


def _between(page: str, name: str, text: str) -> str:
    head, begin, rest = page.partition(f"<!-- {name} -->\n")
    _, end, tail = rest.partition(f"<!-- /{name} -->")
    return f"{head}{begin}{text}\n{end}{tail}"


def _costs() -> Iterator[str]:
    machine = f"{MEASURED['cpu']}, {MEASURED['cores']} cores, {MEASURED['system']}"
    yield (
        f"CPU costs are microseconds of one core ({machine}, Python {MEASURED['python']}; fan-out "
        f"measured {MEASURED['when'][:10]})."
    )
    yield ""
    yield "| cost | value | what | measured by |"
    yield "|---|---|---|---|"
    by = {name: benchmark for benchmark, names in MEASURED_BY.items() for name in names}
    docs = _docs()
    for cost in fields(Costs):
        value = f"{cost.default:g}"
        yield f"| `{cost.name}` | {value} | {docs[cost.name]} | {by.get(cost.name, '')} |"


def _docs() -> dict[str, str]:
    """The line beneath each cost in `costs.py`."""
    source = Path(__file__).with_name("costs.py").read_text(encoding="utf-8")
    [body] = [
        node.body
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == "Costs"
    ]
    return {
        field.target.id: ast.literal_eval(line.value)
        for field, line in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(line, ast.Expr)
    }
