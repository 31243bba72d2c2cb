"""Words found in texts: written plainly, in disguise, and not where they do not stand."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.features.rules.matching import PIECE_OF_SEARCH_CHARS_MAX, Matcher
from server.text.folding import plain, squeezed

WORDS = ["fuck", "ass", "shit", "bite", "milf", "hell", "slit", "1688", "buy now"]
WORDS += ["connard", "enculé", "fils de pute", "微信", "加vx", "傻逼", "сука", "anus"]
VARIANTS = [("微", "徽", "薇"), ("信", "伩", "亻言"), ("逼", "比")]
MATCHER = Matcher({word: word for word in WORDS}, variants=VARIANTS)

DISGUISED = {
    "fuck": "FUCK fück f.u.c.k f*u*c*k f-uck f_u_c_k fuсk ｆｕｃｋ ⓕⓤⓒⓚ 🅕🅤🅒🅚 🇫🇺🇨🇰 𝓯𝓾𝓬𝓴 ꜰᴜᴄᴋ "
    "f\u200bu\u200bc\u200bk f\u0336u\u0336c\u0336k fuuuuck fuckkkk fuck69 fu©k 你fuck我 fuсk",
    "ass": "a55 a$$ @ss ＡＳＳ assssss",
    "shit": "sh1t sh!t 5hit shlt SHIT! sh|t $h1t",
    "bite": "b1te 8ite BITE b.i.t.e",
    "milf": "m1lf MILF MIlF",
    "connard": "c0nnard C0NN4RD connаrd c.o.n.n.a.r.d ÇONNARD",
    "enculé": "encule ENCULÉ encul3 €ncule 3ncul3",
    "1688": "1688 １６８８ ①⑥⑧⑧ ❶❻❽❽ 1-6-8-8 1Ⅵ88 ⅰ6ⅷ8",
    "微信": "微信 微.信 徽信 薇信 微伩 微亻言 徽亻言 微🍎信 加微信吧 微\u200b信",
    "加vx": "加VX 加ＶＸ 加v.x 加ⓥⓧ 加ѵх",
    "傻逼": "傻逼 傻比 傻*逼 傻~逼",
    "сука": "сука СУКА cyka суkа с.у.к.а",
}
SPELLED_OUT = {
    "fuck": ["f u c k", "f u ck", "go F  U  C  K yourself", "f. u. c. k"],
    "shit": ["s h i t", "s h 1 t"],
    "buy now": ["buy now", "buynow", "buy-now", "B U Y N O W", "Buy  now!"],
    "fils de pute": ["fils de pute", "filsdepute", "FILS DE PUTE"],
    "微信": ["微 信", "加 微 信", "微，信"],
    "加vx": ["加 v x", "加 vx 吧"],
}
INNOCENT = [
    "class",
    "passing by, assassin's grass",
    "pass it as soon as you can",
    "give us an us plug",
    "he'll see, she'll shell out, we'll do well",
    "l'assiette, la bitume, Scunthorpe",
    "silt and salt",
    "hello from Michelle",
    "is hit, it's hit, she is hit",
    "order 21688 or 16880",
    "a 55 kg box, 5 S sizes, a 5$ bag, $5",
    "buy it now",
    "微博和信用卡",
    "参加vxs展会",
    "傻瓜，比一比",
    "он сказал: рассука",
    "mass: 4,5 kg à 10 €",
    "5号链接多少钱",
    "哈哈哈哈哈 666666",
    "❤️❤️❤️👏🏻👨‍👩‍👧",
    "!!! ... ???",
    "",
]


@pytest.mark.parametrize(
    ("word", "text"),
    [(word, text) for word, texts in DISGUISED.items() for text in texts.split()]
    + [(word, text) for word, texts in SPELLED_OUT.items() for text in texts],
)
def test_a_word_is_found_however_it_is_dressed_up(word: str, text: str) -> None:
    assert word in set(MATCHER.find(text))
    assert word in set(MATCHER.find(f"look, {text} there"))


def test_a_word_that_stays_in_pieces_is_found_when_it_is_listed_in_pieces() -> None:
    assert list(Matcher({"badword": 1}).find("you b.a.d w0rd man")) == []
    assert list(Matcher({"bad word": 1}).find("you b.a.d w0rd man")) == [1]


MARKS = "\u0489 \u0483 \u17b4 \u17b5 \u180b \u180f \u0e31 \u093c \u135f \u1cd0 \ua66f \u0610"
MARKS += " \u0903 \u20e3 \u3099 \u302e \u034f \u115f \u3164 \u2065 \U000e0101 \U0001e8d0"


@pytest.mark.parametrize("mark", MARKS.split(), ids=ascii)
@pytest.mark.parametrize("word", ["fuck", "1688", "加vx", "сука", "微信", "傻逼"])
def test_marks_of_other_scripts_and_what_shows_nothing_hide_no_word(word: str, mark: str) -> None:
    assert word in set(MATCHER.find(mark.join(["", *word, ""])))
    assert word in set(MATCHER.find((mark * 3).join(word)))
    assert word in set(MATCHER.find(f".{mark}".join(word)))


@pytest.mark.parametrize(
    ("word", "other"),
    [("ที่", "ทา"), ("ที่", "ท"), ("हिन्दी", "हनद"), ("ক্ষ", "কষ"), ("ကို", "က"), ("မိုး", "မ")],
)
def test_marks_that_are_part_of_their_script_tell_words_apart(word: str, other: str) -> None:
    matcher = Matcher({word: 1})

    assert list(matcher.find(f"a {word} b")) == [1]
    assert list(matcher.find(f"a {other} b")) == []


def test_points_on_arabic_and_hebrew_words_are_nothing() -> None:
    matcher = Matcher({"كتاب": 1, "שלום": 2, "کتاب": 3})

    assert list(matcher.find("كِتَابٌ")) == [1]
    assert list(matcher.find("كـت\u0610اب")) == [1]
    assert list(matcher.find("שָׁלוֹם")) == [2]


@pytest.mark.parametrize("text", INNOCENT)
def test_a_word_is_not_found_where_it_does_not_stand(text: str) -> None:
    assert list(MATCHER.find(text)) == []


def test_without_disguises_only_what_is_written_is_found() -> None:
    matcher = Matcher({"how much": 1, "链接": 2}, disguises=False)

    assert list(matcher.find("HOW  MUCH？求链接")) == [1, 2]
    assert matcher.first("h0w much") is None


def test_a_word_without_letters_is_refused() -> None:
    with pytest.raises(ValueError, match="no letter or digit"):
        Matcher({"…!": 1})


def test_no_words_find_nothing() -> None:
    matcher = Matcher[int]({})

    assert not matcher
    assert matcher.first("anything") is None


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_folding_is_done_once_and_any_text_can_be_searched(text: str) -> None:
    list(MATCHER.find(text))
    assert plain(plain(text)) == plain(text)


@given(
    st.text("abcdefghjkmnopqrtuvwxyz微信链接", min_size=2, max_size=8),
    st.text(string.whitespace + "，。😀-", max_size=5),
    st.text("。! \t😀", min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200, deadline=None)
def test_a_word_between_separators_is_found_in_any_case_and_width(
    word: str, before: str, after: str, random: object
) -> None:
    choose = random.choice  # type: ignore[attr-defined]
    wide = {char: chr(ord(char) + 0xFEE0) for char in word if char.isascii()}
    dressed = "".join(choose([c, c.upper(), wide.get(c, c)]) for c in word)

    assert Matcher({word: word}).first(before + dressed + after) == word
    assert squeezed(plain(dressed)) == squeezed(plain(word))


def test_the_spellings_that_variants_add_are_bounded_and_the_words_stay() -> None:
    words = [f"{n}微信微信微信" for n in range(50)]
    free = Matcher(dict.fromkeys(words), variants=VARIANTS)
    bounded = Matcher({word: word for word in words}, variants=VARIANTS, variants_chars_max=800)
    none = Matcher({word: word for word in words}, variants=VARIANTS, variants_chars_max=0)

    assert free.chars > 20_000
    assert 400 < bounded.chars <= 400 + 800
    assert none.chars <= 400
    assert [bounded.first(f"加 {word} 吧") for word in words] == words
    assert bounded.first("7微信微信微伩") == "7微信微信微信"


def test_more_words_than_one_search_takes_are_found_in_one_go() -> None:
    words = [f"{n:04}" + "x" * 60 for n in range(1000)]
    matcher = Matcher({word: word for word in words})

    assert matcher.chars > 3 * PIECE_OF_SEARCH_CHARS_MAX
    found = [matcher.first(words[n]) for n in (0, 499, 999)]
    assert found == [words[0], words[499], words[999]]


def test_a_variant_without_letters_is_left_out() -> None:
    assert Matcher({"微": 1}, variants=[("微", "!")]).first("微") == 1
