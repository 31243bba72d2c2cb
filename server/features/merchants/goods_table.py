"""Goods as a table in CSV, a row a variant, written and read so that nothing is lost or run."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from server.features.merchants.goods import BadGoods, Goods, GoodsInput, Variant, plain_goods
from server.features.merchants.imported_rows import (
    Row,
    RowError,
    left_out,
    must_be_few,
    row_error,
)
from server.features.shelf.messages import Proof
from server.protocol.codes import CommandError
from server.protocol.currencies import decimal_text, minor_digits
from server.web import csv_rows

OF_GOODS = (
    "goods", "title", "state", "description", "tags", "image", "url", "points", "flaws", "proofs",
)  # fmt: skip
OF_VARIANT = ("sku", "price", "currency", "options", "variant_image", "weight", "stock")
COLUMNS = (*OF_GOODS, *OF_VARIANT)
"""The columns of an export. Goods of several variants repeat their own in each row."""
_OPTIONAL = ("version",)
"""A column that an export has if it is asked for; in a file sent in it may always stand."""
_NEEDED = ("goods", "title", "sku", "price", "currency")
_DELIMITERS = ",;\t"
_AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,4})?")
_WHOLE = re.compile(r"[0-9]{1,15}")
_LINES = re.compile(r"\r\n|\r|\n")
Cells = Mapping[str, str]


def header(*, versions: bool = False) -> str:
    """The first row of an export."""
    return csv_rows.rows([(*COLUMNS, *_OPTIONAL) if versions else COLUMNS])


def table_of(found: Iterable[Goods], *, versions: bool = False) -> str:
    """The rows of goods, without a header; with `versions` the last cell is that of the goods."""
    return csv_rows.rows(
        tuple(
            csv_rows.exact_text(cell)
            for cell in (
                *_goods_cells(each),
                *_variant_cells(variant),
                *([str(each.version)] if versions else ()),
            )
        )
        for each in found
        for variant in each.variants
    )


def goods_in_table(body: bytes, rows_max: int) -> Iterator[Row | RowError]:
    """Read a table. Raises CommandError if it can't be read at all, or has unknown columns."""
    text = _text_of(body)
    rows = _rows_in(text)
    names = _names(next(rows, (1, []))[1])
    of_goods: dict[str, list[tuple[int, Cells]]] = {}
    count = 0
    for number, values in rows:
        if not any(value.strip() for value in values):
            continue
        count += 1
        must_be_few(count, rows_max)
        if len(values) > len(names):
            msg = f"The row has {len(values)} cells, and the header {len(names)}."
            yield RowError(number, "", "bad_message", msg)
            continue
        cells = dict(zip(names, map(csv_rows.read_text, values), strict=False))
        of_goods.setdefault(cells["goods"].strip(), []).append((number, cells))
    for rows_of_one in of_goods.values():
        yield from _read_goods(rows_of_one)


def _text_of(body: bytes) -> str:
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in body[:4096]:
        raise _not_utf8("it is UTF-16")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
    try:
        body.decode("gb18030")
    except UnicodeDecodeError:
        raise _not_utf8(f"line {line} has bytes of another encoding") from None
    raise _not_utf8(f"line {line} reads as GB18030")


def _not_utf8(why: str) -> CommandError:
    return CommandError(
        "bad_message",
        f"The file is not UTF-8: {why}. Save it as “CSV UTF-8” and send it again; nothing was "
        "changed.",
    )


def _rows_in(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with their numbers, the header's being 1."""
    first = _LINES.split(text, maxsplit=1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, values in enumerate(reader, 1):
            yield number, values
    except csv.Error as error:
        raise CommandError(
            "bad_message",
            f"The file can't be read as CSV after row {number} ({error}); look for a quotation "
            "mark that is not closed. Nothing was changed.",
        ) from None


def _names(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    known = (*COLUMNS, *_OPTIONAL)
    for name in names:
        if name not in known or names.count(name) > 1:
            what = "twice" if name in known else "and nobody knows it"
            raise CommandError(
                "bad_message",
                f"The header has a column `{name[:64]}` {what}; the columns are {' '.join(known)}.",
            )
    if missing := [name for name in _NEEDED if name not in names]:
        raise CommandError(
            "bad_message",
            f"The header lacks the column `{missing[0]}`; it needs {' '.join(_NEEDED)}.",
        )
    return names


def _read_goods(rows: Sequence[tuple[int, Cells]]) -> Iterator[Row | RowError]:
    """Read goods from their rows, whole or not at all."""
    numbers = [number for number, _ in rows]
    try:
        merged = _merged(rows)
        variants = [_variant_in(number, cells) for number, cells in rows]
        given = msgspec.convert(merged | {"variants": variants}, GoodsInput)
        yield Row(plain_goods(given), numbers, numbers)
        return
    except _BadCell as bad:
        error = bad.error
    except BadGoods as why:
        at = numbers[0 if why.nth is None else why.nth]
        error = RowError(at, why.field, why.code, why.msg)
    except msgspec.ValidationError as invalid:
        error = row_error(invalid, numbers, numbers[0])
    yield error
    yield from left_out(numbers, error.row)


class _BadCell(Exception):
    def __init__(self, number: int, field: str, msg: str) -> None:
        super().__init__(msg)
        self.error = RowError(number, field, "bad_message", msg)


def _merged(rows: Sequence[tuple[int, Cells]]) -> dict[str, Any]:
    """Return what the rows of goods say of them: a cell may be empty, or as in the other rows."""
    merged: dict[str, tuple[int, str]] = {}
    for number, cells in rows:
        for name in (*OF_GOODS, *_OPTIONAL):
            cell = cells.get(name, "").strip()
            if not cell:
                continue
            first, value = merged.setdefault(name, (number, cell))
            if value != cell:
                raise _BadCell(
                    number, name,
                    f"`{name}` is another than in row {first}, of the same goods; write the same, "
                    "or leave it empty.",
                )  # fmt: skip
    return {name: _goods_value(name, value) for name, (_, value) in merged.items()}


def _goods_value(name: str, cell: str) -> Any:
    if name == "tags":
        return cell.split()
    if name in ("points", "flaws"):
        return _lines(cell)
    if name == "proofs":
        return [_proof_in(line) for line in _lines(cell)]
    return _whole(cell) if name == "version" else cell


def _variant_in(number: int, cells: Cells) -> dict[str, Any]:
    said = {name: cells.get(name, "").strip() for name in OF_VARIANT}
    values: dict[str, Any] = {name: said[name] for name in ("sku", "currency")}
    values["price"] = _minor(number, said["price"], said["currency"])
    values["options"] = _options_in(number, said["options"])
    values["image"] = said["variant_image"] or None
    for name in ("weight", "stock"):
        values[name] = _whole(said[name]) if said[name] else None
    return values


def _minor(number: int, cell: str, currency: str) -> int:
    digits = minor_digits(currency)
    amount = Decimal(cell).scaleb(digits) if _AMOUNT.fullmatch(cell) else None
    if amount is None or amount != int(amount):
        raise _BadCell(
            number, "price",
            f"`price` must be an amount with a point and at most {digits} decimals, such as "
            f"{decimal_text(19900, currency)}, and not `{cell[:32]}`.",
        )  # fmt: skip
    return int(amount)


def _options_in(number: int, cell: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for line in _lines(cell):
        name, colon, value = line.partition(":")
        if not colon or name.strip() in options:
            raise _BadCell(
                number, "options",
                "`options` must be lines such as `size: M`, each with another name.",
            )  # fmt: skip
        options[name.strip()] = value.strip()
    return options


def _proof_in(line: str) -> dict[str, str | None]:
    label, number, url = [*(part.strip() for part in line.split("|", 2)), "", ""][:3]
    return {"label": label, "number": number or None, "url": url or None}


def _lines(cell: str) -> list[str]:
    return [line.strip() for line in _LINES.split(cell) if line.strip()]


def _whole(cell: str) -> Any:
    """The number, or the text as it is, which then is refused as no number."""
    return int(cell) if _WHOLE.fullmatch(cell) else cell


def _goods_cells(goods: Goods) -> Iterator[str]:
    yield from (goods.goods, goods.title, goods.state, goods.description, " ".join(goods.tags))
    yield from (goods.image or "", goods.url or "", "\n".join(goods.points))
    yield from ("\n".join(goods.flaws), "\n".join(map(_proof_line, goods.proofs)))


def _variant_cells(variant: Variant) -> Iterator[str]:
    yield from (variant.sku, decimal_text(variant.price, variant.currency), variant.currency)
    yield "\n".join(f"{name}: {value}" for name, value in variant.options.items())
    yield from (variant.image or "", "" if variant.weight is None else str(variant.weight))
    yield str(variant.units.stock)


def _proof_line(proof: Proof) -> str:
    number, url = proof.number or "", proof.url or ""
    parts = (
        [proof.label, number, url] if url else [proof.label, number] if number else [proof.label]
    )
    return " | ".join(parts)
