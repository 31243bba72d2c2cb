"""What comments ask for, in three languages, by the rules that come along."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.features.asks.intent_rules import read_rules
from server.features.asks.intents import Intents
from server.features.asks.phrases import PhraseBook
from server.features.asks.titles import TellingWords, Titles
from server.features.shelf.messages import Product
from server.settings import SettingsError
from server.text.folding import folded
from tests.rooms.paraphrased import PARAPHRASES
from tests.rooms.said import LINK, ORDINARY, QUESTIONS

RULES = read_rules()
INTENTS = Intents(RULES)
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("said", LINK)
def test_asks_for_the_link_or_the_price_are_understood(said: str) -> None:
    assert INTENTS.read(said).link


@pytest.mark.parametrize(
    ("topic", "said"), [(topic, said) for topic, all_said in QUESTIONS.items() for said in all_said]
)
def test_a_question_is_understood_with_its_topic(topic: str, said: str) -> None:
    found = INTENTS.read(said)
    assert (found.topic, found.link) == (topic, False)


def test_other_words_for_the_same_are_understood_the_same() -> None:
    wrong = [
        (said, kind, found)
        for kind, all_said in PARAPHRASES.items()
        for said in all_said
        if ("link" if (found := INTENTS.read(said)).link else found.topic) != kind
    ]
    assert wrong == []


def test_of_300_ordinary_comments_none_is_taken_for_an_ask() -> None:
    taken = [said for said in ORDINARY if INTENTS.read(said).link or INTENTS.read(said).topic]
    assert (len(ORDINARY), taken) == (307, [])


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("3号链接", 3),
        ("三号链接", 3),
        ("3 号多少钱", 3),
        ("求13号链接", 13),
        ("十二号链接", 12),
        ("二十号怎么买", 20),
        ("第三个多少钱", 3),
        ("第2款什么材质", 2),
        ("链接３", 3),
        ("no. 3 link please", 3),
        ("No.3 how much?", 3),
        ("how much is #3", 3),
        ("how much is number 7?", 7),
        ("le numéro 3, c'est combien ?", 3),
        ("n° 3 combien ?", 3),
        ("几号链接", 0),
        ("5月3号的链接", 0),
        ("1.3号链接", 0),
        ("0号链接", 0),
        ("多少钱", 0),
        ("十十号链接", 0),
    ],
)
def test_a_place_on_the_shelf_is_read_beside_what_says_so(said: str, place: int) -> None:
    assert INTENTS.read(said).place == place


def test_a_question_of_delivery_has_dates_not_places() -> None:
    assert INTENTS.read("3号能发货吗").place == 0
    assert INTENTS.read("3号包邮吗，多少钱").place == 3


def test_one_comment_can_ask_for_the_link_and_something_else() -> None:
    found = INTENTS.read("多少钱，包邮吗")
    assert (found.link, found.topic) == (True, "delivery")


def test_a_known_question_needs_no_words_that_say_so() -> None:
    assert INTENTS.read("颜色", asks=True).topic == "colour"
    assert INTENTS.read("和上次那款的区别", asks=True).topic == "other"
    assert INTENTS.read("颜色").topic == ""


@pytest.mark.parametrize(
    ("phrase", "said", "is_found"),
    [
        ("link", "blinking", False),
        ("link", "linking", False),
        ("link", "the link!", True),
        ("link", "链接link链接", True),
        ("link", "link3", True),
        ("cm", "20cm", True),
        ("3", "13", False),
        ("ou acheter", "OÙ  acheter", True),
        ("s'il", "s’il", True),
        ("链接", "求链接吧", True),
        ("链接", "链 接", True),
        ("prix?", "prix ?", True),
    ],
)
def test_letters_are_found_as_words_and_chinese_anywhere(
    phrase: str, said: str, is_found: bool
) -> None:
    assert bool(PhraseBook([(phrase, 1)]).hits(folded(said))) is is_found


def test_a_book_without_phrases_finds_nothing() -> None:
    assert PhraseBook([("  ", 1)]).hits("anything") == []


@given(st.text(max_size=60) | st.lists(st.sampled_from(LINK + ORDINARY), max_size=3).map("".join))
def test_any_text_can_be_read(said: str) -> None:
    found = INTENTS.read(said)

    assert found.topic in {"", "other", *RULES.topics}
    assert 0 <= found.place < 1000


WORDS = st.sampled_from(["link", "price", "号", "链接", "is", "le prix", "3"])


@given(st.lists(WORDS, max_size=4), st.lists(WORDS, min_size=1, max_size=8))
def test_one_pass_finds_what_a_search_for_each_phrase_would(
    book: list[str], text: list[str]
) -> None:
    said = folded(" ".join(text))
    one_by_one = {
        (phrase, n, n + len(phrase))
        for phrase in book
        for n in range(len(said))
        if said.startswith(phrase, n)
    }

    hits = PhraseBook([(phrase, phrase) for phrase in book]).hits(said)

    assert {(hit.means, hit.start, hit.end) for hit in hits} == one_by_one


def titles(*names: str) -> Titles:
    products = [Product(str(n), name, 1, "CNY") for n, name in enumerate(names, 1)]
    return Titles(products, TellingWords(RULES))


@pytest.mark.parametrize(
    ("said", "sku"),
    [
        ("云朵沙发多少钱", "1"),
        ("那个沙发链接", "1"),
        ("陶瓷的马克杯多少钱", "2"),
        ("how much is the lamp?", "3"),
        ("how much are the LAMPS", ""),
        ("云朵的多少钱", ""),
        ("云朵抱枕多少钱", "4"),
        ("这个多少钱", ""),
        ("link please", ""),
        ("大号多少钱", ""),
        ("size of 4", ""),
    ],
)
def test_the_product_whose_title_is_named_most_is_meant_if_it_is_one(said: str, sku: str) -> None:
    shelf = titles("云朵沙发 大号", "陶瓷马克杯 link", "Oak lamp, size 4", "云朵抱枕 这个颜色")
    assert shelf.find(folded(said)) == sku


@given(st.lists(st.text(min_size=1, max_size=20), max_size=5), st.text(max_size=40))
def test_the_product_found_is_on_the_shelf_for_any_titles(names: list[str], said: str) -> None:
    assert titles(*names).find(folded(said)) in {"", *map(str, range(1, len(names) + 1))}


def test_the_rules_in_config_are_those_that_are_packaged() -> None:
    packaged = ROOT / "server" / "features" / "asks" / "intents.toml"
    assert (ROOT / "config" / "intents.toml").read_bytes() == packaged.read_bytes()


def test_a_shop_has_rules_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[link]\nphrases = ["donde comprar"]\n[question]\nmarks = ["?"]\n'
        '[topics.size]\nwords = ["talla"]\n[numbers]\npatterns = ["pieza {n}"]\n'
    )
    intents = Intents(read_rules(str(path)))

    assert intents.read("¿Dónde comprar? pieza 2")[:3] == (True, "", 2)
    assert intents.read("que talla?").topic == "size"
    assert intents.read("求链接").link is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "is not valid TOML"),
        ("", "missing required field `link`"),
        ('[link]\nphrases = ["a"]\nphrase = []', "unknown field `phrase` - at `$.link`"),
        ('[link]\nphrases = [""]', "at `$.link.phrases[0]`"),
        ('[link]\nphrases = "a"', "at `$.link.phrases`"),
        ("topics.'a b'.words = ['a']", "can't be called `a b`"),
        ("topics.other.words = ['a']", "can't be called `other`"),
        ("topics.size.numbers = true", "`size` has neither"),
        ("numbers.patterns = ['3']", "`3` is no pattern of a number"),
        ("numbers.patterns = [' {n}']", "` {n}` is no pattern of a number"),
    ],
)
def test_a_fault_in_the_rules_is_one_line_that_says_where(
    text: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(with_the_rest(text))

    with pytest.raises(SettingsError) as caught:
        read_rules(str(path))

    assert says in str(caught.value)
    assert str(caught.value).startswith(f"asks.rules_file = '{path}'")
    assert "\n" not in str(caught.value)


def with_the_rest(text: str) -> str:
    """The text, and what a file of rules needs besides, where it is about topics or numbers."""
    if not text.startswith(("topics", "numbers")):
        return text
    rest = '\n[link]\nphrases = ["a"]\n[question]\nmarks = ["?"]\n'
    return (
        text + ("\nnumbers.patterns = []" if text.startswith("topics") else "\ntopics = {}") + rest
    )


def test_rules_that_are_not_there_or_no_text_are_told(tmp_path: Path) -> None:
    binary = tmp_path / "rules.toml"
    binary.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match="can't be read: No such file"):
        read_rules(str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match="is not UTF-8"):
        read_rules(str(binary))


def test_so_many_phrases_that_each_comment_would_be_slow_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    many = [f"phrase {n}" for n in range(6000)]
    path.write_text(
        f"link.phrases = {many}\nquestion.marks = ['?']\ntopics = {{}}\nnumbers.patterns = []"
    )

    with pytest.raises(SettingsError, match="6001 phrases; 5000 is the most"):
        read_rules(str(path))
