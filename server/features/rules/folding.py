"""Folds text for comparison: removes differences of width, case, accents and look-alikes.

Readers recognise one word in many spellings. `plain` removes differences that have no meaning in
any language. `readings` adds the texts that result if digits, signs or letters of another script
stand for letters, or letters are stretched. docs/moderation.md has the rules in words.
"""

import re
import unicodedata
from collections.abc import Iterator
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


def _pairs(*lines: str) -> dict[str, str]:
    return {pair[0]: pair[1] for line in lines for pair in line.split()}


_ALWAYS = _pairs(
    "øo Øo đd Đd łl Łl ħh ŧt ıi ȷj ɑa ɡg ɩi ɪi",
    "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz",
)
_TWINS = _pairs(
    # Cyrillic, Greek, Armenian
    "аa вb еe ёe кk мm нh оo рp сc тt уy хx іi їi јj ѕs ԁd һh ԛq ԝw ѵv ӏl єe үy өo ꙇi",
    "Аa Вb Еe Ёe Кk Мm Нh Оo Рp Сc Тt Уy Хx Іi Їi Јj Ѕs Ԁd Һh Ԛq Ԝw Ѵv Ӏi Єe Үy Өo",
    "αa βb εe ηn ιi κk νv οo ρp τt υu χx ωw γy ϲc ϳj",
    "Αa Βb Εe Ηh Ιi Κk Μm Νn Οo Ρp Τt Υy Χx Ζz",
    "աw օo սu հh ոn յj ցg քp զq",
)
"""Letters of other alphabets that look like Latin ones."""
_SWAPS = _pairs("0o 3e 4a 5s 6b 7t 8b 9g @a $s €e £l ©c ®r")
_STROKES = "1!|"
"""They stand for i as well as for l."""


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


def _wide(text: str) -> str:
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


class _Table(dict[int, str]):
    """For `str.translate`: what a character becomes, worked out when it is first met."""

    def __init__(self, known: dict[str, str], kept: str = "") -> None:
        super().__init__({ord(char): to for char, to in known.items()})
        self.update({ord(char): char for char in kept})

    def __missing__(self, code: int) -> str:
        self[code] = found = _plain_char(chr(code))
        return found


_PLAIN = _Table({})
_TWINNED = _Table(_TWINS, kept="".join(_SWAPS) + _STROKES)
_SIGNS_LEFT = str.maketrans(dict.fromkeys("@$€£©®!|", GAP))
_TO_I = str.maketrans(_SWAPS | dict.fromkeys(_STROKES, "i"))
_TO_L = str.maketrans(_SWAPS | dict.fromkeys(_STROKES, "l"))

_ROMAN = {code: str(int(unicodedata.numeric(chr(code)))) for code in range(0x2160, 0x2180)}
_HAS_ROMAN = re.compile("[\u2160-\u217f]")
"""Roman numbers of one character: NFKC makes letters of them, a reader may take them for digits."""

_HAS_TWIN = re.compile("[" + "".join(_TWINS) + "]")
_HAS_SWAP = re.compile(f"[{''.join(_SWAPS)}{_STROKES}]")
_HAS_LATIN = re.compile("[a-z]")
_UNTWINNED = re.compile("[\u0370-\u058f\u1f00-\u1fff]")
"""Letters of the twins' alphabets: a word that keeps one after folding was not in disguise."""
_SWAP = "".join(_SWAPS) + _STROKES
_SWAPPED = re.compile(
    rf"(?<=[a-z])[{_SWAP}]*[{_SWAP[:-2]}]|(?<=[a-z][ .'])[{_SWAP}]*[{_SWAP[:-2]}]"
    rf"|[{_SWAP}]+(?=[ .']?[a-z])"
)
"""Digits and signs beside a Latin letter; `!` and `|` at the end of a word are what they are."""
_I_FOR_L = re.compile(r"(?<=[a-z])I+")
_STRETCHED = re.compile("([a-z\u0370-\u058f])\\1{2,}")


def plain(text: str) -> str:
    """`text` in one width, case and shape; separators become GAP, SPACE or APOSTROPHE."""
    return _wide(text).translate(_PLAIN)


def squeezed(folded: str) -> str:
    """A folded text without its separators."""
    return folded.replace(SPACE, "").replace(GAP, "").replace(APOSTROPHE, "")


def readings(text: str) -> Iterator[str]:
    """`plain(text)`, then whatever else the text may be read as. Most texts have one or two."""
    wide = _wide(text)
    first = wide.translate(_PLAIN)
    yield from _with_stretched(first)
    if not text.isascii() and _HAS_ROMAN.search(text):
        yield from _with_stretched(plain(text.translate(_ROMAN)))
    for reading in dict.fromkeys(_disguised(wide, first)):
        if reading != first:
            yield from _with_stretched(reading)


def twin(text: str) -> str:
    """`plain(text)` with letters of other alphabets in words that may be in disguise as Latin."""
    return _twinned(_wide(text)).translate(_SIGNS_LEFT)


def looks_of(name: str) -> set[str]:
    """All that a name may be read as, letter by letter; empty if it has none (signs, emoji)."""
    return {squeezed(reading) for reading in (*readings(name), twin(name))} - {""}


def _with_stretched(reading: str) -> Iterator[str]:
    yield reading
    if _STRETCHED.search(reading):
        yield _STRETCHED.sub(r"\1\1", reading)
        yield _STRETCHED.sub(r"\1", reading)


def _disguised(text: str, folded: str) -> Iterator[str]:
    has_twin = _HAS_TWIN.search(text)
    if not has_twin and not _HAS_LATIN.search(folded):
        return
    as_l = folded
    if has_twin or _HAS_SWAP.search(text):
        base = _twinned(text)
        yield _unswapped(base, _TO_I)
        as_l = _unswapped(base, _TO_L)
        yield as_l
    if "I" in text and _I_FOR_L.search(text):
        yield _unswapped(_twinned(_I_FOR_L.sub(lambda m: "l" * len(m[0]), text)), _TO_L)
    if "l" in as_l:
        yield as_l.replace("l", "i")


def _unswapped(base: str, table: dict[int, str]) -> str:
    return _SWAPPED.sub(lambda m: m[0].translate(table), base).translate(_SIGNS_LEFT)


def _twinned(text: str) -> str:
    """Folded, but for digits and signs that may stand for letters."""
    if not _HAS_TWIN.search(text):
        return text.translate(_TWINNED)
    return "".join(map(_twinned_word, re.split(r"(\s+)", text)))


def _twinned_word(word: str) -> str:
    folded = word.translate(_TWINNED)
    return word.translate(_PLAIN) if _UNTWINNED.search(folded) else folded
