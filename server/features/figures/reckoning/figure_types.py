"""The types of the figures, with the numbers that features' tallies add to those made here."""

from functools import lru_cache
from typing import Any

import msgspec

from server.features.figures.reckoning.models import Figures, Numbers, StreamRow
from server.rooms.fact_book import FactBook, called


class FigureTypes:
    """Numbers, figures and rows of streams with all numbers of a book.

    Raises ValueError, naming it, for a number that the figures have already.
    """

    def __init__(self, book: FactBook) -> None:
        taken = sorted(book.numbers.keys() & set(Numbers.__struct_fields__))
        if taken:
            tally = called(book.numbers[taken[0]].tally)
            raise ValueError(f"{tally} has the number `{taken[0]}`; the figures do too. Rename it.")
        added = [(name, number.kind) for name, number in book.numbers.items()]
        self.numbers: type[Numbers] = _struct("Numbers", added, Numbers)
        self.figures: type[Figures] = _struct("Figures", [("numbers", self.numbers)], Figures)
        self.stream_row: type[StreamRow] = _struct(
            "StreamRow", [("numbers", self.numbers | None)], StreamRow
        )


@lru_cache(maxsize=8)
def types_of(book: FactBook) -> FigureTypes:
    """The types for a book, made once."""
    return FigureTypes(book)


def _struct(name: str, fields: list[tuple[str, Any]], base: type[Any]) -> Any:
    """Return a struct that has these fields and those of `base`."""
    return msgspec.defstruct(
        name, fields, bases=(base,), kw_only=True, namespace={"__doc__": base.__doc__}
    )
