"""The settings of the search."""

from server.settings.section import Section, limit


class SearchSettings(Section):
    """How people find rooms, goods, hosts, answers and moments of replays."""

    query_chars_max: int = limit(
        100, 10, 1000, "Characters of a query; a longer one is refused with a sentence."
    )
    terms_max: int = limit(24, 1, 100, "Words of a query that are looked for; the rest is not.")
    candidates_max: int = limit(
        150, 10, 5000, "Newest documents with all words of a query among which a search chooses."
    )
    typo_terms_max: int = limit(
        4, 0, 20, "Words up to which a query is short, so that a typing error in it is mended."
    )
    room_documents_max: int = limit(
        5000, 100, 1_000_000, "Documents of one room; what comes after them can't be found."
    )
