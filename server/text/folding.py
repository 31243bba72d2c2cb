"""Folds text for comparison: removes differences of width, case, accents and spacing.

The one normaliser, in three strengths. Each is for texts that mean the same to a reader, and says
what it leaves: `one_case` everything but width and case, `folded` words with their signs (`?`),
`plain` letters and digits alone. `server.text.readings` goes further, to look-alikes.
"""

import re
import unicodedata
from typing import NamedTuple

GAP, SPACE, APOSTROPHE = ".", " ", "'"
"""The replacements of separators: for signs, white space and apostrophes."""
GAPS = GAP + SPACE + APOSTROPHE

_APOSTROPHES = "'\u2019\u2018\u02bc\u02b9`\u00b4"
_IGNORABLE = (
    (0x034F, 0x034F),
    (0x0640, 0x0640),  # Arabic kashida, which only stretches
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer vowels that are not shown
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)
"""Show nothing (Unicode's Default_Ignorable_Code_Point, but for its format characters)."""
_MARKLESS = {"", "LATIN", "GREEK", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL"}
_MARKLESS |= {"ARABIC", "HEBREW"}
"""Scripts, by the first word of Unicode's names, whose marks change no letter. "": no letter."""
_ALPHABETS = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)
"""Squared, circled and flag letters A to Z that NFKC leaves as they are."""


def pairs_of(*lines: str) -> dict[str, str]:
    """Read lines of pairs: the first character of each stands for the second."""
    return {pair[0]: pair[1] for line in lines for pair in line.split()}


_ALWAYS = pairs_of(
    "øo Øo đd Đd łl Łl ħh ŧt ıi ȷj ɑa ɡg ɩi ɪi",
    "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz",
)


def _plain_char(char: str) -> str:
    code = ord(char)
    for start in _ALPHABETS:
        if start <= code < start + 26:
            return chr(ord("a") + code - start)
    if char in _ALWAYS:
        return _ALWAYS[char]
    if char in _APOSTROPHES:
        return APOSTROPHE
    if _is_ignorable(char):
        return ""
    folded = "".join(map(_without_accents, char.casefold()))
    return "".join(map(_sign_or_letter, folded))


def _without_accents(char: str) -> str:
    bare = unicodedata.normalize("NFD", char)
    # Elsewhere (kana, Hangul, Indic) what NFD takes apart is another letter, not an accent.
    return bare[0] if len(bare) > 1 and all("\u0300" <= c <= "\u036f" for c in bare[1:]) else char


def _sign_or_letter(char: str) -> str:
    digit = unicodedata.digit(char, -1)
    if digit >= 0:
        return str(digit)
    kind = unicodedata.category(char)
    if kind[0] in "LNM":
        return char
    return SPACE if kind[0] == "Z" or char.isspace() else GAP


def _is_ignorable(char: str) -> bool:
    code = ord(char)
    return unicodedata.category(char) == "Cf" or any(a <= code <= b for a, b in _IGNORABLE)


class _Kind(NamedTuple):
    """Of a character: whether it is a mark, and whose script ("" if it is no letter either)."""

    is_mark: bool
    script: str


class _Kinds(dict[str, _Kind | None]):
    """What kind a character is, worked out when it is first met; None: it shows nothing."""

    def __missing__(self, char: str) -> _Kind | None:
        category = unicodedata.category(char)[0]
        script = unicodedata.name(char, "").split(" ", 1)[0] if category in "LM" else ""
        self[char] = kind = None if _is_ignorable(char) else _Kind(category == "M", script)
        return kind


_KINDS = _Kinds()
_MARKS = "".join(char for char in map(chr, range(0x10000)) if unicodedata.category(char)[0] == "M")
_MAY_BE_MARKED = re.compile(
    f"[{_MARKS}\u115f\u1160\u2065\ufff0-\ufff8\U00010000-\U0001efff\U000e0000-\U000e0fff]"
)
"""All marks below the emoji, so that a text without any, as most are, is not taken apart."""


def wide(text: str) -> str:
    """In one width and style (NFKC), without the marks that are no part of a letter.

    Marks of Thai, Devanagari and the like are, on letters of that script.
    """
    text = unicodedata.normalize("NFKC", text)
    if text.isascii():
        return text
    text = text.replace("\ufe0f", "")  # stands in many an emoji
    if not _MAY_BE_MARKED.search(text):
        return text
    kept, base = list[str](), ""
    for char in text:
        kind = _KINDS[char]
        if kind is None:
            continue
        if not kind.is_mark:
            base = kind.script
        elif base in _MARKLESS or kind.script != base:
            continue
        kept.append(char)
    return "".join(kept)


class Table(dict[int, str]):
    """For `str.translate`: what a character becomes, worked out when it is first met."""

    def __init__(self, known: dict[str, str], kept: str = "") -> None:
        super().__init__({ord(char): to for char, to in known.items()})
        self.update({ord(char): char for char in kept})

    def __missing__(self, code: int) -> str:
        self[code] = found = _plain_char(chr(code))
        return found


_PLAIN = Table({})
_FLAT = str.maketrans(
    dict.fromkeys("’‘`´", "'") | dict.fromkeys("œŒ", "oe") | dict.fromkeys("æÆ", "ae")
)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_CJK = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CJK_ONE = re.compile(f"[{_CJK}]")
_CJK_GAP = re.compile(f"(?<=[{_CJK}]) (?=[{_CJK}])")


def one_case(text: str) -> str:
    """`text` in one width and case; accents, signs and spaces stay."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def tag_key(tag: str) -> str:
    """Return the one spelling of a tag: `one_case`, single spaces, no # before it."""
    return " ".join(one_case(tag).split()).lstrip("# ")


def folded(text: str) -> str:
    """`one_case(text)` without accents, with single spaces and none between Chinese characters.

    Signs stay, since `?` makes a question. Answers are kept by a digest of this form, so changing
    it would lose them.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFD", one_case(text.translate(_FLAT)))
        text = _CJK_GAP.sub("", " ".join(_ACCENTS.sub("", text).split()))
    else:
        text = " ".join(text.lower().replace("`", "'").split())
    return text.replace(" ?", "?") if " ?" in text else text


def plain(text: str) -> str:
    """`text` in one width, case and shape; separators become GAP, SPACE or APOSTROPHE."""
    return plain_of(wide(text))


def plain_of(text: str) -> str:
    """`plain` of a text that is `wide` already."""
    return text.translate(_PLAIN)


def squeezed(folded: str) -> str:
    """A folded text without its separators."""
    return folded.replace(SPACE, "").replace(GAP, "").replace(APOSTROPHE, "")


def is_cjk(char: str) -> bool:
    """Whether a character is written without spaces around its words."""
    return _CJK_ONE.match(char) is not None
