"""The figures as tables, for spreadsheets: one value a cell, money by currency in rows.

Money is in minor units; beside it, under `decimal`, it is in units of its currency.
"""

from collections.abc import Iterable
from typing import Literal, get_args

from msgspec import Struct, structs

from server.features.figures.reckoning.compared import flat
from server.features.figures.reckoning.models import Figures
from server.protocol.currencies import decimal_text

Cell = str | int | float | None
Table = list[list[Cell]]

TableName = Literal[
    "numbers", "first_orders", "sources", "source_ids", "products", "pins", "coupons", "minutes",
    "findings",
]  # fmt: skip
TABLES: tuple[TableName, ...] = get_args(TableName)


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
    rows: Table = [["number", "value", "usual", "streams", "change", "decimal", "usual_decimal"]]
    for name, value in flat(figures.numbers).items():
        beside = figures.compared.get(name)
        compared = [beside.median, beside.streams, beside.change] if beside else [None, None, None]
        currency = name.partition(".")[2]
        rows.append(
            [name, value, *compared, *(_in_units(n, currency) for n in (value, compared[0]))]
        )
    return rows


def _in_units(minor: float | None, currency: str) -> str | None:
    """Return an amount of money in units; None for other values, such as a share by status."""
    return None if minor is None or not currency.isupper() else decimal_text(minor, currency)


def _columns(figures: Figures, name: str) -> list[str]:
    """The fields of a row; a map of money becomes a column a currency, and one more at the end."""
    kind = Figures.__annotations__[name].__args__[0]
    currencies = sorted(figures.numbers.gmv_gross)
    if name == "coupons":
        currencies = sorted({each for row in figures.coupons for each in row.cost})
    columns, decimals = list[str](), list[str]()
    for field in structs.fields(kind):
        if field.type == dict[str, int]:
            columns += [f"{field.name}.{currency}" for currency in currencies]
            decimals += [f"{field.name}.{currency}.decimal" for currency in currencies]
        else:
            columns.append(field.name)
    return columns + decimals


def _of(rows: Iterable[Struct], columns: list[str]) -> Table:
    return [[*columns], *([_cell(row, column) for column in columns] for row in rows)]


def _cell(row: Struct, column: str) -> Cell:
    name, *rest = column.split(".")
    if not rest:
        value: Cell = getattr(row, name)
        return value
    amount: int = getattr(row, name).get(rest[0], 0)
    return decimal_text(amount, rest[0]) if len(rest) > 1 else amount
