"""Imports: a file of goods read row by row, in JSON, JSON lines or CSV, good rows and bad ones.

A field or column that nobody knows refuses the whole file: it would be wrong in every row. What is
wrong in a row is said of this row, and the others are taken. Pure: no input or output.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from server.features.merchants.goods import BadGoods, Goods, GoodsInput, plain_goods
from server.features.merchants.goods_changes import Done
from server.features.merchants.goods_plans import as_given
from server.features.merchants.goods_table import goods_in_table
from server.features.merchants.imported_rows import (
    Row,
    RowError,
    errors_of,
    must_be_few,
    row_error,
)
from server.protocol.codes import CommandError
from server.protocol.input import unknown_field

ERRORS_MAX = 1000
"""Bad rows that an answer lists; the others are counted."""
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])


class Parsed(NamedTuple):
    """A file, read: its good rows, and what is wrong with the bad ones."""

    good: list[Row]
    bad: list[RowError]


class ImportResult(Struct, kw_only=True):
    """What became of an import: of `rows` rows, and of the goods in them.

    `bad` rows were left out, and `errors` lists the first of them with the number of the row (a
    line of JSON lines, a row of a table whose header is row 1), the field and a sentence.
    `stock_kept`: variants whose `stock` in the file is not theirs, and was left alone. `dry`:
    nothing was written.
    """

    rows: int
    created: int
    changed: int
    unchanged: int
    bad: int
    errors: list[RowError]
    stock_kept: int
    dry: bool


def parsed_file(body: bytes, kind: str, rows_max: int) -> Parsed:
    """Read a file of a content type. Raises CommandError for one that can't be read at all."""
    read: Callable[[bytes, int], Iterator[Row | RowError]] | None = {
        "application/json": _in_json,
        "application/jsonl": _in_lines,
        "application/x-ndjson": _in_lines,
        "text/csv": goods_in_table,
    }.get(kind)
    if read is None:
        raise CommandError(
            "bad_message",
            "Send goods as `application/json` (a list), `application/jsonl` (one a line) or "
            "`text/csv`, and say which in Content-Type.",
        )
    good: list[Row] = []
    bad: list[RowError] = []
    seen: dict[str, int] = {}
    for each in read(body, rows_max):
        if isinstance(each, RowError):
            bad.append(each)
        elif why := _double(each, seen):
            bad += errors_of(each, why)
        else:
            good.append(each)
    return Parsed(good, bad)


def result_of(parsed: Parsed, done: Sequence[Done], *, dry: bool) -> ImportResult:
    """The answer to an import: what became of the good rows, and what was wrong with the others."""
    bad = list(parsed.bad)
    for row, each in zip(parsed.good, done, strict=True):
        if each.why is not None:
            bad += errors_of(row, each.why)
    bad.sort(key=lambda error: error.row)
    counts = Counter(each.outcome for each in done)
    return ImportResult(
        rows=sum(len(row.numbers) for row in parsed.good) + len(parsed.bad),
        created=counts["created"], changed=counts["changed"], unchanged=counts["unchanged"],
        bad=len(bad), errors=bad[:ERRORS_MAX], stock_kept=sum(each.kept for each in done), dry=dry,
    )  # fmt: skip


def exported(goods: Goods, *, versions: bool = False) -> str:
    """A line of JSON for goods, which reads again as what they are; if asked with `version`."""
    stocks = [variant.units.stock for variant in goods.variants]
    given = as_given(goods)
    variants = [
        msgspec.structs.replace(variant, stock=stock)
        for variant, stock in zip(given.variants, stocks, strict=True)
    ]
    version = goods.version if versions else msgspec.UNSET
    line = msgspec.structs.replace(given, variants=variants, version=version)
    return msgspec.json.encode(line).decode() + "\n"


def _double(row: Row, seen: dict[str, int]) -> BadGoods | None:
    """Return why a row can't be taken beside those before it; if it can, note what stands in it."""
    goods = f"goods {row.given.goods}"
    if goods in seen:
        return BadGoods(
            "goods", f"The goods `{row.given.goods}` stand in row {seen[goods]} already.",
            "conflict",
        )  # fmt: skip
    for nth, variant in enumerate(row.given.variants):
        if variant.sku in seen:
            return BadGoods(
                "sku", f"The sku `{variant.sku}` stands in row {seen[variant.sku]} already; give "
                "each variant its own.", "conflict", nth,
            )  # fmt: skip
    seen[goods] = row.numbers[0]
    skus = (variant.sku for variant in row.given.variants)
    seen.update(zip(skus, row.of_variants, strict=True))
    return None


def _in_json(body: bytes, rows_max: int) -> Iterator[Row | RowError]:
    try:
        raws = _RAWS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CommandError(
            "bad_message", f"The file can't be read as a list in JSON: {error}."
        ) from None
    must_be_few(len(raws), rows_max)
    for number, raw in enumerate(raws, 1):
        yield _row(number, bytes(raw))


def _in_lines(body: bytes, rows_max: int) -> Iterator[Row | RowError]:
    lines = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    must_be_few(sum(1 for line in lines if line.strip()), rows_max)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _row(number, line)


def _row(number: int, raw: bytes) -> Row | RowError:
    try:
        given = msgspec.json.decode(raw, type=GoodsInput)
        return Row(plain_goods(given), [number], [number] * len(given.variants))
    except BadGoods as why:
        return RowError(number, why.field, why.code, why.msg)
    except msgspec.ValidationError as error:
        if said := unknown_field(error, GoodsInput, f"row {number}"):
            raise CommandError("bad_message", said) from None
        return row_error(error, (), number)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return RowError(number, "", "bad_message", f"The row can't be read as JSON: {error}.")
