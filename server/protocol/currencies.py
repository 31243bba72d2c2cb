"""Knows how many decimals each currency has, by ISO 4217.

Browsers and their Intl follow CLDR instead, which gives none to some currencies that have two or
three (IDR, HUF, COP, PKR, IQD); an amount in minor units would then be read 100 or 1,000 times
wrong. The table holds the 165 codes of ISO 4217 list one that have minor units, as published on
2026-01-01 by SIX for ISO (list_one.xml, linked from
https://www.six-group.com/en/products-services/financial-information/data-standards.html). The other
13 codes of that list (gold, SDR, codes for tests) have no minor units, and nobody sells for them.
Each code and its digits were compared with that file, as the Python package iso4217 1.16.20260101
ships it. Do the same with a later list, and change the date here.
"""

from decimal import Decimal
from typing import Final

_TWO: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
    "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
    "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST "
    "XAD XCD XCG YER ZAR ZMW ZWG"
)
_OTHERS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""The page's `ui/format.js` has these lines too; a test holds the two to each other."""
_DEFAULT: Final = 2

DIGITS: Final = dict.fromkeys(_TWO.split(), _DEFAULT) | {
    code: digits for digits, codes in _OTHERS.items() for code in codes.split()
}
"""ISO 4217 code -> decimals of its minor unit."""


def minor_digits(currency: str) -> int:
    """Decimals of a currency; 2 for a code that is not in the list."""
    return DIGITS.get(currency, _DEFAULT)


def in_units(minor: float, currency: str) -> Decimal:
    """An amount in minor units as units, with all its decimals: 19900 of CNY is 199.00."""
    whole = int(minor)
    exact = Decimal(whole) if whole == minor else Decimal(str(minor))
    return exact.scaleb(-minor_digits(currency))


def decimal_text(minor: float, currency: str) -> str:
    """The same as text with a point and nothing else, for tables."""
    return f"{in_units(minor, currency):f}"
