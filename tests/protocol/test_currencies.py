"""Decimals of currencies: ISO 4217, whatever a browser thinks."""

import pytest

from server.protocol.currencies import DIGITS, decimal_text, minor_digits

CLDR_DIFFERS = ["AFN", "ALL", "COP", "HUF", "IDR", "IRR", "LAK", "LBP", "MGA", "MMK", "PKR", "RSD"]
"""ISO 4217 gives them two decimals; data of browsers gives them none, here or there."""


@pytest.mark.parametrize("currency", CLDR_DIFFERS)
def test_a_currency_has_the_decimals_of_iso_where_browsers_give_it_none(currency: str) -> None:
    assert minor_digits(currency) == 2


def test_every_code_is_three_letters_and_stands_once() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in DIGITS)
    assert sorted(set(DIGITS.values())) == [0, 2, 3, 4]
    # Counted in list one of 2026-01-01, without its codes that have no minor unit.
    assert [sum(digits == n for digits in DIGITS.values()) for n in (0, 2, 3, 4)] == [17, 139, 7, 2]


def test_an_unknown_code_has_two_decimals() -> None:
    assert minor_digits("ABC") == 2


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (19900, "CNY", "199.00"),
        (5, "CNY", "0.05"),
        (0, "CNY", "0.00"),
        (-150, "EUR", "-1.50"),
        (1500, "JPY", "1500"),
        (1234567, "IQD", "1234.567"),
        (12345, "CLF", "1.2345"),
        (1_000_000_000_000, "IDR", "10000000000.00"),
        (26333.5, "CNY", "263.335"),
        (54000.0, "CNY", "540.00"),
    ],
)
def test_an_amount_is_written_with_its_decimals(minor: float, currency: str, text: str) -> None:
    assert decimal_text(minor, currency) == text
