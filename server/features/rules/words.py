"""The server's own list of words that no room wants, read once at the start.

A text file, one word a line under `[block]` or `[hold]`; `[variants]` has lines of characters that
stand for the first of the line. The packaged one is `blocked-words.txt` beside this module
(config/blocked-words.txt in a checkout).
"""

from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from msgspec import Struct

from server.features.rules.matching import Matcher
from server.features.rules.messages import WordAction
from server.settings import SettingsError

WORDS_MAX = 50_000
WORD_CHARS_MAX = 64
_SECTIONS = ("block", "hold", "variants")


class WordList(Struct, frozen=True, dict=True):
    """What a words file says: an action by word, and which characters stand for which."""

    words: dict[str, WordAction]
    variants: tuple[tuple[str, ...], ...] = ()

    def matcher(self) -> Matcher[WordAction]:
        """Finds these words. Made once."""
        return self._matcher

    @cached_property
    def _matcher(self) -> Matcher[WordAction]:
        return Matcher(self.words, variants=self.variants)


def read_words(path: str = "") -> WordList:
    """The list in the file `path`, the packaged one if it is empty.

    Raises SettingsError with one line that names the fault and its place.
    """
    if not path:
        return _packaged()
    return _read(Path(path), f"moderation.words_file = {path!r}")


@cache
def _packaged() -> WordList:
    source = files("server.features.rules") / "blocked-words.txt"
    return _read(source, "The packaged list of words")


def _read(source: Traversable, name: str) -> WordList:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{name} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is not UTF-8 text.") from None
    try:
        found = _parse(text)
        found.matcher()
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None
    return found


def _parse(text: str) -> WordList:
    words: dict[str, WordAction] = {}
    variants: list[tuple[str, ...]] = []
    section = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = _section(line, number)
        elif section == "variants":
            variants.append(_variants(line, number))
        else:
            words[_word(line, section, words, number)] = "hold" if section == "hold" else "block"
    if len(words) > WORDS_MAX:
        raise ValueError(f"it has {len(words)} words; {WORDS_MAX} is the most.")
    return WordList(words, tuple(variants))


def _section(line: str, number: int) -> str:
    name = line.strip("[]").strip()
    if name not in _SECTIONS or line != f"[{name}]":
        raise ValueError(f"line {number}: the sections are [block], [hold] and [variants].")
    return name


def _variants(line: str, number: int) -> tuple[str, ...]:
    group = tuple(line.split())
    if len(group) < 2 or len(group[0]) != 1:
        raise ValueError(
            f"line {number}: a line of variants is a character, then what stands for it."
        )
    return group


def _word(line: str, section: str, known: dict[str, WordAction], number: int) -> str:
    if not section:
        raise ValueError(f"line {number}: begin a section first, [block] or [hold].")
    if len(line) > WORD_CHARS_MAX:
        raise ValueError(f"line {number}: a word can have {WORD_CHARS_MAX} characters.")
    if line in known:
        raise ValueError(f"line {number}: `{line}` stands there twice.")
    return line
