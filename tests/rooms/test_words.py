"""The server's own words: how the file is read, and what the packaged one catches and lets pass."""

from pathlib import Path

import pytest

from server.features.rules.words import WordList, read_words
from server.settings import SettingsError

PACKAGED = read_words()
MATCHER = PACKAGED.matcher()

REFUSED = """
FUCK this | f.u.c.k | fu ck off | ｆｕｃｋ | fuuuuck | fцck fuсk | motherfucker!!
enculé | ENCULE | 3ncul3 | fils de pute | FILS-DE-PUTE | filsdepute | nique  ta mere
傻逼 | 傻 逼 | 煞笔傻B 傻比 | 操你妈 | 艹你媽 | 草.泥.马 | 草泥馬
"""
HELD = """
加微信 | 加 薇 信 领券 | 加徽伩 | 加微亻言 | 加VX | 加ⓥⓧ | 加V.X 便宜 | 刷-单
whatsapp me | Whats App me | WHATSAPP-ME | wa.me/33612345678 | telegram me, cheaper
contacte moi sur WhatsApp | contacte-moi sur whatsapp | Western Union only
"""
PASSED = """
求链接 | 这件多少钱 | 沙发有几个颜色 | 主播身上那件是什么码 | 微信支付可以吗 | 信用卡 | 傻瓜相机
操作简单吗 | 信用卡分期
草原上的马 | 你妈妈穿好看 | 单人床 | 加一件 | 哈哈哈哈哈 | 666666 | 1 | 扣1 | 88折 | ❤️❤️❤️
class | the bass is nice | Scunthorpe | shiitake | what's up, me too | fuchsia | cocktail glass
c'est combien ? | la taille 38 | est-ce qu'elle existe en noir | ma mère l'adore | pub et fils
le western est bien | union des couleurs | concours | habit | l'habitude | une bite d'amarrage
5€ | $20 | 100% | 3D | 4K | A4 | H2O | M1 | S8 | B12 | 1+1 | 24/7 | 06 12 34 56 78
цена? | сколько стоит | размер | красиво
"""


def cases(text: str) -> list[str]:
    return [one.strip() for line in text.strip().splitlines() for one in line.split("|")]


@pytest.mark.parametrize("text", cases(REFUSED))
def test_the_packaged_words_are_refused(text: str) -> None:
    assert "block" in set(MATCHER.find(text))


@pytest.mark.parametrize("text", cases(HELD))
def test_texts_that_lead_out_of_the_room_are_held(text: str) -> None:
    assert set(MATCHER.find(text)) == {"hold"}


@pytest.mark.parametrize("text", cases(PASSED))
def test_usual_comments_of_shoppers_pass(text: str) -> None:
    assert list(MATCHER.find(text)) == []


def test_the_file_says_words_by_action_and_variants(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(
        "\ufeff# ours\n[block]\n  bad word \n[hold]\n微信\n\n[variants]\n微 徽 v\n",
        encoding="utf-8",
    )

    assert read_words(str(path)) == WordList(
        {"bad word": "block", "微信": "hold"}, (("微", "徽", "v"),)
    )


def test_a_list_without_words_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("", encoding="utf-8")

    assert list(read_words(str(path)).matcher().find("fuck")) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("fuck\n", "line 1: begin a section first"),
        ("[block]\na\n[other]\n", "line 3: the sections are"),
        ("[block\na\n", "line 1: the sections are"),
        ("[block]\na\n[hold]\na\n", "line 4: `a` stands there twice"),
        ("[block]\n" + "x" * 65, "line 2: a word can have 64 characters"),
        ("[block]\n!?\n", "`!?` has no letter or digit"),
        ("[variants]\n微\n", "line 2: a line of variants is a character"),
        ("[variants]\n微信 v\n", "line 2: a line of variants is a character"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_line(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "words.txt"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError) as refused:
        read_words(str(path))
    assert complaint in str(refused.value)
    assert f"moderation.words_file = {str(path)!r}" in str(refused.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    with pytest.raises(SettingsError, match="can't be read"):
        read_words(str(path))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        read_words(str(path))
