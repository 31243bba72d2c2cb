"""The figures as tables, for spreadsheets: one value a cell, money by currency in rows."""

from collections.abc import Iterable

from msgspec import Struct, structs

from server.features.figures.reckoning.compared import flat
from server.features.figures.reckoning.models import Figures

Cell = str | int | float | None
Table = list[list[Cell]]

TABLES = (
    "numbers", "first_orders", "sources", "source_ids", "products", "pins", "coupons", "minutes",
    "findings",
)  # fmt: skip


def table(figures: Figures, name: str) -> Table:
    """One of TABLES; its first row names the columns."""
    if name == "numbers":
        return _numbers(figures)
    if name == "findings":
        rows: Table = [["code", "text"]]
        rows += [[finding.code, finding.text] for finding in figures.findings]
        return rows
    listed: list[Struct] = getattr(figures, name)
    return _of(listed, _columns(figures, name))


def _numbers(figures: Figures) -> Table:
    rows: Table = [["number", "value", "usual", "streams", "change"]]
    for name, value in flat(figures.numbers).items():
        beside = figures.compared.get(name)
        compared = [beside.median, beside.streams, beside.change] if beside else [None, None, None]
        rows.append([name, value, *compared])
    return rows


def _columns(figures: Figures, name: str) -> list[str]:
    """The fields of a row; a map of money becomes a column a currency."""
    kind = Figures.__annotations__[name].__args__[0]
    currencies = sorted(figures.numbers.gmv_gross)
    if name == "coupons":
        currencies = sorted({each for row in figures.coupons for each in row.cost})
    columns = []
    for field in structs.fields(kind):
        if field.type == dict[str, int]:
            columns += [f"{field.name}.{currency}" for currency in currencies]
        else:
            columns.append(field.name)
    return columns


def _of(rows: Iterable[Struct], columns: list[str]) -> Table:
    return [[*columns], *([_cell(row, column) for column in columns] for row in rows)]


def _cell(row: Struct, column: str) -> Cell:
    name, _, currency = column.partition(".")
    value: Cell = getattr(row, name).get(currency, 0) if currency else getattr(row, name)
    return value
