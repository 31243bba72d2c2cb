"""Prices as the pages show them, run by Node: the page's own format.js between stand-ins."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server.protocol.currencies import DIGITS, minor_digits
from server.web.assets import FOLDER

LOOK_ALIKES = ["CNY", "JPY", "USD", "CAD", "HKD", "AUD", "NZD", "SGD", "TWD", "MXN", "BRL", "ARS"]
LANGUAGES = ["en", "zh", "fr"]
FRENCH_SEPARATORS = str.maketrans({",": "\u202f", ".": ","})
ZERO_AND_MORE = ["JPY", "IDR", "IQD", "CLF"]
CLDR_WITHOUT_DECIMALS = {
    *("AFN", "ALL", "COP", "HUF", "IDR", "IQD", "IRR", "KPW", "LAK"),
    *("LBP", "MGA", "MMK", "PKR", "RSD", "SOS", "SYP", "YER"),
}
"""ISO 4217 gives these two decimals (IQD three). CLDR, the data of Intl, gives them none, because
their coins are no longer used; RSD only until CLDR 47."""
CLDR_KNOWS_BESIDES = {"ANG", "BGN", "CUC", "HRK", "SLL", "XDR", "XSU", "ZWL"}
"""Withdrawn from ISO 4217 by 2026, but for XDR and XSU, which have no minor units there."""


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder with format.js and what it imports, without a browser."""
    shutil.copy(FOLDER / "ui" / "format.js", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "dom.js").write_text("export const h = () => null;")
    # No words: whoever shows a price elsewhere takes format.js with these two stand-ins alone.
    (tmp_path / "strings.js").write_text("export const lang = () => globalThis.language;")
    return tmp_path


def ask(pages: Path, script: str) -> Any:
    """The value of `script`, an expression that may use `money`."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs node.")
        pytest.skip("node is not installed")
    program = pages / "ask.js"
    program.write_text(
        f'import * as money from "./format.js"; console.log(JSON.stringify({script}));'
    )
    done = subprocess.run([node, program], capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


def shown(pages: Path, language: str, minor: int, codes: list[str]) -> dict[str, str]:
    """The price in each currency, as the page in that language shows it."""
    texts = ask(
        pages,
        f"(globalThis.language = {language!r}, "
        f"{json.dumps(codes)}.map((c) => money.priceText({minor}, c)))",
    )
    return dict(zip(codes, texts, strict=True))


def test_a_unit_has_as_many_minor_units_on_the_pages_as_in_the_server(pages: Path) -> None:
    codes = [*DIGITS, "ABC"]
    units = ask(pages, f"{json.dumps(codes)}.map(money.minorUnits)")
    assert units == [10 ** minor_digits(code) for code in codes]


def test_the_table_differs_from_intl_only_where_cldr_leaves_iso_4217(pages: Path) -> None:
    intl = ask(
        pages,
        f"Object.fromEntries({json.dumps(list(DIGITS))}.map((currency) => [currency, new "
        'Intl.NumberFormat("en", {style: "currency", currency})'
        ".resolvedOptions().maximumFractionDigits]))",
    )
    differs = {code: intl[code] for code in DIGITS if intl[code] != DIGITS[code]}
    assert differs.keys() <= CLDR_WITHOUT_DECIMALS, "compare these with ISO 4217 list one"
    assert set(differs.values()) == {0}


def test_the_table_has_every_currency_of_intl_that_is_not_withdrawn(pages: Path) -> None:
    known = ask(pages, 'Intl.supportedValuesOf("currency")')
    assert len(known) > 150
    assert set(known) - DIGITS.keys() <= CLDR_KNOWS_BESIDES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_price_shows_all_decimals_of_its_currency_and_no_more(pages: Path, language: str) -> None:
    for code, text in shown(pages, language, 1_234_501, list(DIGITS)).items():
        digits = minor_digits(code)
        expected = f"{1_234_501 / 10**digits:,.{digits}f}"
        if language == "fr":
            assert text.startswith(expected.translate(FRENCH_SEPARATORS)), code
        else:
            assert text.endswith(expected), code


def test_a_whole_price_has_no_decimals(pages: Path) -> None:
    prices = shown(pages, "en", 120_000, ZERO_AND_MORE)
    amounts = ["".join(c for c in text if c in "0123456789.,") for text in prices.values()]
    assert amounts == ["120,000", "1,200", "120", "12"]


def test_no_two_currencies_have_the_same_sign_in_any_language(pages: Path) -> None:
    signs: dict[str, str] = {}
    for language in LANGUAGES:
        for code, text in shown(pages, language, 700, list(DIGITS)).items():
            sign = "".join(c for c in text if c not in "0123456789.,\u00a0\u202f ")
            assert signs.setdefault(sign, code) == code, (language, text)


def test_yen_and_dollars_never_stand_under_a_bare_sign(pages: Path) -> None:
    for language in LANGUAGES:
        bare = shown(pages, language, 70_000, LOOK_ALIKES)
        del bare["CNY"]
        assert [
            text for text in bare.values() if text.strip("0123456789.,\u00a0\u202f ") in ("$", "¥")
        ] == []
