"""The words of the pages in every language, read by Node from the pages' own files."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server.web.assets import FOLDER

HOLE = re.compile(r"\{(\w+)\}")
LANGUAGES = ("zh", "en", "fr")
NOT_WORDS = {"strings.js", "french.js"}

Words = str | dict[str, str]


def ask(language: str, script: str, folder: Path = FOLDER / "ui") -> Any:
    """The value of `script`, an expression that may use strings.js as `it`, in a language."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs node.")
        pytest.skip("node is not installed")
    program = f"""
        globalThis.document = {{ documentElement: {{ lang: {json.dumps(language)} }} }};
        Object.defineProperty(globalThis, "navigator",
          {{ value: {{ languages: [{json.dumps(language)}] }} }});
        const it = await import({json.dumps(str(folder / "strings.js"))});
        const french = (await import({json.dumps(str(folder / "french.js"))})).FRENCH;
        console.log(JSON.stringify({script}));"""
    done = subprocess.run(
        [node, "--input-type=module", "--experimental-default-type=module", "-e", program],
        capture_output=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, Words]]:
    """Language -> key -> words."""
    both, french = ask("en", "[it.STRINGS, french]")
    chinese, english = ({key: pair[i] for key, pair in both.items()} for i in (0, 1))
    return {"zh": chinese, "en": english, "fr": french}


def holes(words: Words) -> list[set[str]]:
    """The holes of each form of an entry; a form may leave out the number that chose it."""
    if isinstance(words, str):
        return [set(HOLE.findall(words))]
    forms = {name: text for name, text in words.items() if name != "by"}
    chosen_by = {words.get("by", "n")}
    return [
        set(HOLE.findall(text)) | (chosen_by if name == "one" else set())
        for name, text in forms.items()
    ]


def test_every_language_has_the_same_keys(tables: dict[str, dict[str, Words]]) -> None:
    assert tables["fr"].keys() == tables["en"].keys() == tables["zh"].keys()


def test_every_form_in_every_language_has_the_same_holes(
    tables: dict[str, dict[str, Words]],
) -> None:
    unlike = {
        key: found
        for key in tables["en"]
        if len(
            set(
                map(frozenset, found := [h for lang in LANGUAGES for h in holes(tables[lang][key])])
            )
        )
        > 1
    }
    assert unlike == {}


def test_no_words_are_empty_and_french_is_not_english(tables: dict[str, dict[str, Words]]) -> None:
    for language in LANGUAGES:
        assert not [key for key, words in tables[language].items() if not words], language
    same = [
        key
        for key, words in tables["fr"].items()
        if words == tables["en"][key] and isinstance(words, str) and len(words.split()) > 2
    ]
    assert same == []


def test_a_plural_form_is_chosen_by_a_number_of_the_entry(
    tables: dict[str, dict[str, Words]],
) -> None:
    for language in LANGUAGES:
        for key, words in tables[language].items():
            if isinstance(words, dict):
                assert {"one", "other"} <= words.keys() <= {"by", "one", "other"}, key
                assert f"{{{words.get('by', 'n')}}}" in words["other"], (language, key)


COUNTED = re.compile(r"\{n\} (?:[a-z]{3,}s\b|people)")


def test_a_counted_noun_has_both_forms_in_english(tables: dict[str, dict[str, Words]]) -> None:
    """ "{n} orders" alone would say "1 orders"."""
    assert [
        k for k, words in tables["en"].items() if isinstance(words, str) and COUNTED.search(words)
    ] == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["0 hearts", "1 heart", "2 hearts", "1,200 hearts", "12.8K hearts"]),
        ("fr", ["0 cœur", "1 cœur", "2 cœurs", "1,200 cœurs", "12.8K cœurs"]),
        ("zh", ["0 赞", "1 赞", "2 赞", "1,200 赞", "12.8K 赞"]),
    ],
)
def test_the_form_follows_the_number(language: str, said: list[str]) -> None:
    shown = json.dumps([0, 1, 2, "1,200", "12.8K"])
    assert ask(language, f'{shown}.map((n) => it.t("likes", {{ n }}))') == said


def test_french_punctuation_has_its_unbreakable_spaces(
    tables: dict[str, dict[str, Words]],
) -> None:
    loose = re.compile(r" [;:!?»%]|« ")
    texts = {k: w if isinstance(w, str) else " ".join(w.values()) for k, w in tables["fr"].items()}
    assert [key for key, text in texts.items() if loose.search(text)] == []
    assert tables["fr"]["group.leave_sure"] == "Quitter le groupe de fans\u202f?"


def test_words_from_right_to_left_are_isolated_in_a_sentence() -> None:
    said = ask(
        "en", '["ليلى", "Ana"].map((name) => it.t("announce.live", { name, title: "3 lamps" }))'
    )
    assert said == ["\u2068ليلى\u2069 is live: 3 lamps", "Ana is live: 3 lamps"]


def test_names_are_listed_as_the_language_lists_them() -> None:
    names = '["Ana", "小满", "ليلى"]'
    assert ask("zh", f"it.listed({names})") == "Ana、小满、\u2068ليلى\u2069"
    assert ask("fr", f"it.listed({names})") == "Ana, 小满, \u2068ليلى\u2069"


def test_every_key_is_used_and_every_used_key_is_there(tables: dict[str, dict[str, Words]]) -> None:
    source = "\n".join(
        path.read_text("utf-8") for path in FOLDER.rglob("*.js") if path.name not in NOT_WORDS
    )
    named = set(re.findall(r"""["'`]((?:[a-z]+\.)+\w+)["'`]""", source))
    built = set(re.findall(r"`(\w+\.\w*)\$\{", source)) | {"err."}
    keys = tables["en"].keys()
    unused = [
        key
        for key in keys
        if key not in named and f'"{key}"' not in source and not key.startswith(tuple(built))
    ]
    assert unused == []
    assert set(re.findall(r"""\bt\(["']([\w.]+)["']""", source)) <= keys
