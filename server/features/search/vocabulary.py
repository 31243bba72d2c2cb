"""The words that are indexed: in how many documents each is, and which are one edit away."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.search.tables import TYPOS, WORDS
from server.records.upsert import insert_into

ALL = ""
"""The word that stands for every document."""
_A_TIME = 500
_LATIN_CHARS_MIN, _HAN_CHARS_MIN, _CHARS_MAX = 4, 3, 20
"""Shorter and longer words are not mended: most of three letters are one edit from others."""


async def count_documents(
    connection: AsyncConnection, documents: Iterable[Collection[str]]
) -> None:
    """Count the words of new documents; a document comes as its distinct words."""
    found = Counter(word for words in documents for word in (ALL, *words))
    known = await documents_with(connection, found)
    new = sorted(word for word in found if word not in known)
    typos = [
        {"variant": variant, "word": word} for word in new for variant in sorted(variants(word))
    ]
    counted = insert_into(connection, WORDS)
    counted = counted.on_conflict_do_update(
        index_elements=["word"],
        set_={"documents": WORDS.c.documents + counted.excluded.documents},
    )
    rows = [{"word": word, "documents": found[word]} for word in sorted(found)]
    if rows:
        await connection.execute(counted, rows)
    if typos:
        await connection.execute(insert_into(connection, TYPOS).on_conflict_do_nothing(), typos)


async def discount_documents(
    connection: AsyncConnection, documents: Iterable[Collection[str]]
) -> None:
    """Take back the words of documents; a word that no document has is forgotten."""
    lost = Counter(word for words in documents for word in (ALL, *words))
    if not lost:
        return
    lowered = (
        update(WORDS)
        .where(WORDS.c.word == bindparam("lost"))
        .values(documents=WORDS.c.documents - bindparam("by"))
    )
    rows = [{"lost": word, "by": lost[word]} for word in sorted(lost)]
    await connection.execute(lowered, rows)
    left = await documents_with(connection, lost)
    gone = sorted(word for word, count in left.items() if count <= 0 and word != ALL)
    typos = [{"v": variant, "w": word} for word in gone for variant in sorted(variants(word))]
    if gone:
        await connection.execute(
            delete(WORDS).where(WORDS.c.word == bindparam("w")), [{"w": word} for word in gone]
        )
    if typos:
        forgotten = (TYPOS.c.variant == bindparam("v")) & (TYPOS.c.word == bindparam("w"))
        await connection.execute(delete(TYPOS).where(forgotten), typos)


async def clear_vocabulary(connection: AsyncConnection) -> None:
    """Forget all words."""
    await connection.execute(delete(WORDS))
    await connection.execute(delete(TYPOS))


async def documents_with(connection: AsyncConnection, words: Iterable[str]) -> dict[str, int]:
    """Return in how many documents each of the words is; one that is in none is left out."""
    found: dict[str, int] = {}
    for some in _parts(sorted(set(words)), _A_TIME):
        asked = select(WORDS.c.word, WORDS.c.documents).where(WORDS.c.word.in_(some))
        found.update({row.word: int(row.documents) for row in await connection.execute(asked)})
    return found


async def words_that_begin(connection: AsyncConnection, prefix: str, most: int) -> dict[str, int]:
    """Return the words that go on after `prefix` and are in most documents, with how many."""
    asked = (
        select(WORDS.c.word, WORDS.c.documents)
        .where(WORDS.c.word > prefix, WORDS.c.word < prefix + "\U0010ffff")
        .order_by(WORDS.c.documents.desc(), WORDS.c.word)
        .limit(most)
    )
    return {row.word: int(row.documents) for row in await connection.execute(asked)}


async def words_like(
    connection: AsyncConnection, written: Sequence[str], most: int
) -> dict[str, dict[str, int]]:
    """Return for each written word the words one edit away, with in how many documents each is."""
    by_variant: dict[str, set[str]] = {}
    for word in written:
        for variant in variants(word):
            by_variant.setdefault(variant, set()).add(word)
    if not by_variant:
        return {}
    asked = (
        select(TYPOS.c.variant, WORDS.c.word, WORDS.c.documents)
        .join(WORDS, WORDS.c.word == TYPOS.c.word)
        .where(TYPOS.c.variant.in_(sorted(by_variant)))
    )
    like: dict[str, dict[str, int]] = {}
    for row in await connection.execute(asked):
        for word in by_variant[row.variant]:
            if row.word != word and is_one_edit(word, row.word):
                like.setdefault(word, {})[row.word] = int(row.documents)
    return {word: _most_common(found, most) for word, found in like.items()}


def _most_common(found: Mapping[str, int], most: int) -> dict[str, int]:
    return dict(islice(sorted(found.items(), key=lambda each: (-each[1], each[0])), most))


def variants(word: str) -> set[str]:
    """Return what is left of a word without one letter, and the word; empty if none is mended.

    Words of the same length or one longer that share a variant are at most two edits apart.
    """
    least = _LATIN_CHARS_MIN if word[:1] < "\u2e80" else _HAN_CHARS_MIN
    if not least <= len(word) <= _CHARS_MAX or word.isdigit():
        return set()
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def is_one_edit(one: str, other: str) -> bool:
    """Whether a letter changed, missing, added, or two exchanged makes one word the other."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = next((n for n, letter in enumerate(one) if letter != other[n]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    return one[at + 1 :] == other[at + 1 :] or (
        one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    )


def _parts(words: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(words), size):
        yield words[start : start + size]
