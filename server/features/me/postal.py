"""Checks lightly, without a directory, what the post of some countries needs to reach an
address."""

import re

_CODES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA
    ZM ZW
"""
COUNTRIES = frozenset(_CODES.split())
"""The codes of ISO 3166-1, and XK, which posts use."""
WITH_REGION = frozenset(("AU", "BR", "CA", "CN", "IN", "JP", "MX", "US"))
"""Countries whose posts need a state, province or prefecture."""
_POSTCODES = {
    "AU": (r"\d{4}", "4 digits"), "CA": (r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "like K1A 0B1"),
    "CN": (r"\d{6}", "6 digits"), "DE": (r"\d{5}", "5 digits"), "ES": (r"\d{5}", "5 digits"),
    "FR": (r"\d{5}", "5 digits"), "GB": (r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "like SW1A 1AA"),
    "IT": (r"\d{5}", "5 digits"), "JP": (r"\d{3}-?\d{4}", "like 100-0001"),
    "US": (r"\d{5}(-\d{4})?", "5 digits, like 10001"),
}  # fmt: skip
_PHONE = re.compile(r"\+?[0-9 ()./-]*[0-9][0-9 ()./x-]*", re.ASCII)


def mistake_in(country: str, region: str, postcode: str, phone: str) -> str:
    """Return a sentence about what is wrong, or ''."""
    if country not in COUNTRIES:
        return f"`country`: there is no country {country}; write its two letters, such as CN."
    if country in WITH_REGION and not region.strip():
        return f"`region` is missing: {country} needs a state, province or prefecture."
    if postcode and country in _POSTCODES:
        pattern, like = _POSTCODES[country]
        if not re.fullmatch(pattern, postcode.strip().upper(), re.ASCII):
            return f"`postcode`: {postcode!r} is none of {country}; it has {like}."
    if phone and not _PHONE.fullmatch(phone.strip()):
        return "`phone` can have digits, spaces and `+()-./` only."
    return ""
