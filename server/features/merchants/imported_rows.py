"""Rows of an imported file: where goods stand in it, and what is wrong with the bad ones."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from server.features.merchants.goods import TAGS_MAX, VARIANTS_MAX, BadGoods, GoodsInput
from server.features.merchants.units import STOCK_MAX
from server.features.shelf.messages import PROOFS_MAX
from server.protocol.codes import CommandError

_AT = re.compile(r" - at `\$([^`]*)`$")
_NTH = re.compile(r"\.variants\[(\d+)\]")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_IDS = "letters, digits or `_.:@-`"
_MUST = {
    "goods": f"1 to 64 {_IDS}",
    "sku": f"1 to 39 {_IDS}",
    "title": "a text of 1 to 200 characters",
    "state": "`active` or `withdrawn`",
    "description": "a text of at most 2000 characters",
    "tags": f"at most {TAGS_MAX} tags of 1 to 40 characters, without spaces",
    "image": "a link of at most 2000 characters that begins with `https://` or `/`",
    "url": "a link of at most 2000 characters that begins with `https://`",
    "points": "at most 10 texts of 1 to 200 characters",
    "flaws": "at most 10 texts of 1 to 200 characters",
    "proofs": f"at most {PROOFS_MAX}, each with a label, and a number or a link if it has one",
    "variants": f"a list of 1 to {VARIANTS_MAX} variants",
    "price": "a number of minor units from 0 to 100000000000",
    "currency": "a code of ISO 4217, such as CNY",
    "options": "at most 5, each with a name and a value of 1 to 200 characters",
    "weight": "a whole number of grams from 0 to 10000000",
    "stock": f"a whole number from 0 to {STOCK_MAX}",
    "version": "a whole number of at least 0",
}


class Row(NamedTuple):
    """Goods that could be read, with the numbers of their rows and of the row of each variant."""

    given: GoodsInput
    numbers: Sequence[int]
    of_variants: Sequence[int]


class RowError(Struct, frozen=True):
    """What is wrong with a row: in which field (empty: all of it), a code and a sentence."""

    row: int
    field: str
    code: str
    msg: str


def row_error(error: msgspec.ValidationError, of_variants: Sequence[int], row: int) -> RowError:
    """Say what a decoder found, of the row where it found it."""
    found = _AT.search(str(error))
    path = found[1] if found else ""
    nth = _NTH.match(path)
    if nth and int(nth[1]) < len(of_variants):
        row = of_variants[int(nth[1])]
    inner = path[nth.end() :] if nth else path
    missing = _MISSING.match(str(error))
    field = missing[1] if missing else re.split(r"[.\[]", inner.lstrip("."))[0]
    if missing and field in _MUST:
        return RowError(
            row, field, "bad_message", f"`{field}` is missing; it must be {_MUST[field]}."
        )
    if field in _MUST:
        return RowError(row, field, "bad_message", f"`{field}` must be {_MUST[field]}.")
    return RowError(row, field, "bad_message", f"The row can't be read: {error}.")


def errors_of(row: Row, why: BadGoods) -> Iterator[RowError]:
    """Yield what is wrong with goods, of each row they stand in: none of these is taken."""
    at = row.numbers[0] if why.nth is None else row.of_variants[why.nth]
    yield RowError(at, why.field, why.code, why.msg)
    yield from left_out(row.numbers, at)


def left_out(numbers: Sequence[int], bad: int) -> Iterator[RowError]:
    """The other rows of goods of which one row is bad."""
    for number in dict.fromkeys(numbers):
        if number != bad:
            msg = f"The row is left out because row {bad} of the same goods is bad."
            yield RowError(number, "", "bad_message", msg)


def must_be_few(rows: int, rows_max: int) -> None:
    """Refuse a file of too many rows. Raises CommandError `too_long`."""
    if rows > rows_max:
        raise CommandError(
            "too_long",
            f"The file has more than {rows_max} rows; send it in parts. Nothing was changed.",
        )
