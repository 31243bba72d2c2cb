"""The search finds each word wherever it stands, however many automata it is made of."""

from hypothesis import given
from hypothesis import strategies as st

from server.text.search import Search

letters = st.text("ab茶", min_size=1, max_size=4)


@given(
    words=st.lists(letters, max_size=8, unique=True),
    text=st.text("ab茶 ", max_size=30),
    piece_chars_max=st.sampled_from([1, 3, 1000]),
)
def test_every_place_of_every_word_is_found(
    words: list[str], text: str, piece_chars_max: int
) -> None:
    search = Search({word: word.upper() for word in words}, piece_chars_max=piece_chars_max)

    found = search.hits(text)

    places = {
        (word.upper(), start, start + len(word))
        for word in words
        for start in range(len(text))
        if text.startswith(word, start)
    }
    assert len(found) == len(places)
    assert set(found) == places
    assert bool(search) is bool(words)
