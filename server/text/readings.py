"""Tells what a text may be read as: digits, signs and letters of another script that stand for
letters.

Readers recognise one word in many spellings. `plain` (`server.text.folding`) removes differences
that have no meaning in any language. `readings` adds the texts that result if characters stand for
others that look like them, or letters are stretched. docs/moderation.md has the rules in words.
"""

import re
import unicodedata
from collections.abc import Iterator

from server.text.folding import GAP, Table, pairs_of, plain, plain_of, squeezed, wide

_TWINS = pairs_of(
    # Cyrillic, Greek, Armenian
    "аa вb еe ёe кk мm нh оo рp сc тt уy хx іi їi јj ѕs ԁd һh ԛq ԝw ѵv ӏl єe үy өo ꙇi",
    "Аa Вb Еe Ёe Кk Мm Нh Оo Рp Сc Тt Уy Хx Іi Їi Јj Ѕs Ԁd Һh Ԛq Ԝw Ѵv Ӏi Єe Үy Өo",
    "αa βb εe ηn ιi κk νv οo ρp τt υu χx ωw γy ϲc ϳj",
    "Αa Βb Εe Ηh Ιi Κk Μm Νn Οo Ρp Τt Υy Χx Ζz",
    "աw օo սu հh ոn յj ցg քp զq",
)
"""Letters of other alphabets that look like Latin ones."""
_SWAPS = pairs_of("0o 3e 4a 5s 6b 7t 8b 9g @a $s €e £l ©c ®r")
_STROKES = "1!|"
"""They stand for i as well as for l."""

_TWINNED = Table(_TWINS, kept="".join(_SWAPS) + _STROKES)
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


def readings(text: str) -> Iterator[str]:
    """`plain(text)`, then whatever else the text may be read as. Most texts have one or two."""
    widened = wide(text)
    first = plain_of(widened)
    yield from _with_stretched(first)
    if not text.isascii() and _HAS_ROMAN.search(text):
        yield from _with_stretched(plain(text.translate(_ROMAN)))
    for reading in dict.fromkeys(_disguised(widened, first)):
        if reading != first:
            yield from _with_stretched(reading)


def twin(text: str) -> str:
    """`plain(text)` with letters of other alphabets in words that may be in disguise as Latin."""
    return _twinned(wide(text)).translate(_SIGNS_LEFT)


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
    return plain_of(word) if _UNTWINNED.search(folded) else folded
