"""The words of the pages in every language, read by Node from the pages' own files."""

import json
import os
import posixpath
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server.protocol.codes import CLOSES, ERRORS
from server.web.assets import FOLDER
from server.web.module_graph import modules_of

HOLE = re.compile(r"\{(\w+)\}")
LANGUAGES = ("zh", "en", "fr")
PAGES = {path.name for path in FOLDER.glob("*.html")}
PART_FILES = sorted((FOLDER / "ui").glob("*-strings.js"))
PARTS = [path.name.removesuffix("-strings.js") for path in PART_FILES]
"""What has words of its own, which are fetched with it."""
NOT_WORDS = {"strings.js", "french.js", *(path.name for path in PART_FILES)}
LAZY = re.compile(r"""import\(["'](\.[^"']+)["']\)""")

Words = str | dict[str, str]


def ask(language: str, script: str, folder: Path = FOLDER / "ui") -> Any:
    """The value of `script`, an expression that may use strings.js as `it`, in a language."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs node.")
        pytest.skip("node is not installed")
    parts = sorted(map(str, folder.glob("*-strings.js")))
    program = f"""
        globalThis.document = {{ documentElement: {{ lang: {json.dumps(language)} }} }};
        Object.defineProperty(globalThis, "navigator",
          {{ value: {{ languages: [{json.dumps(language)}] }} }});
        const it = await import({json.dumps(str(folder / "strings.js"))});
        const tables = await Promise.all({json.dumps(parts)}.map((file) => import(file)));
        const more = Object.assign({{}}, ...tables.flatMap(Object.values));
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
    both, french = ask("en", "[{...it.STRINGS, ...more}, french]")
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


def test_every_refusal_and_every_close_that_ends_a_visit_has_words(
    tables: dict[str, dict[str, Words]],
) -> None:
    assert {f"err.{code}" for code in ERRORS} <= tables["en"].keys()
    connection = (FOLDER / "ui/connection.js").read_text("utf-8")
    closing = dict(re.findall(r"close_(\d+): \"(\w+)\"", connection))
    assert {f"err.{code}" for code in closing.values()} <= tables["en"].keys()
    told = {str(close.code) for close in CLOSES if 4400 <= close.code < 4500}
    # A page sends no bad messages, and joins in time; "no such room" has words of its own.
    assert told - closing.keys() == {"4400", "4404", "4408"}


SENTENCE = re.compile(r"\b(?:error|failed|thrown|refused|reason|why)\.(?:message|msg)\b")
MAY_SHOW_SENTENCES = {"ui/strings.js", "ui/forms.js", "merchant/files.js"}
"""Each shows the server's English sentence only behind words, or marks it as English."""


def test_no_page_shows_a_sentence_of_the_server_in_place_of_words() -> None:
    showing = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*.js")
        if SENTENCE.search(path.read_text("utf-8")) and not path.name.startswith("liveroom")
    }
    assert showing <= MAY_SHOW_SENTENCES


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


def _fetched(entry: str, scripts: dict[str, str]) -> list[list[str]]:
    """The modules of a page; and, for each part that it fetches later, these with that part's."""
    page = [entry, *modules_of(entry, scripts)]
    later = {
        posixpath.normpath(posixpath.join(posixpath.dirname(path), found))
        for path in page
        for found in LAZY.findall(scripts[path])
        if path.split("/")[-1] not in NOT_WORDS
    }
    return [page, *([*page, part, *modules_of(part, scripts)] for part in sorted(later))]


def test_no_page_or_part_of_one_shows_words_that_it_does_not_fetch() -> None:
    scripts = {
        path.relative_to(FOLDER).as_posix(): path.read_text("utf-8")
        for path in FOLDER.rglob("*.js")
    }
    first, *others = map(
        set, ask("en", "[it.STRINGS, ...tables.flatMap(Object.values)].map(Object.keys)")
    )
    apart = dict(zip(PARTS, others, strict=True))
    assert sum(map(len, (first, *others))) == len(first.union(*others)), "no word stands twice"
    fetching = []
    for entry in (path for path in scripts if "/" not in path and f"{path[:-3]}.html" in PAGES):
        for modules in _fetched(entry, scripts):
            missing = set().union(
                *(keys for part, keys in apart.items() if f"ui/{part}-words.js" not in modules)
            )
            source = "\n".join(
                scripts[path]
                for path in modules
                if path.split("/")[-1] not in NOT_WORDS and not path.startswith("liveroom")
            )
            named = set(re.findall(r"""["'`]([a-z][\w.]*)["'`]""", source))
            built = tuple(re.findall(r"`(\w+\.\w*)\$\{", source))
            shown = {key for key in missing if key in named or key.startswith(built)}
            assert shown == set(), (entry, modules[-1])
        if "ui/work-words.js" in _fetched(entry, scripts)[0]:
            fetching.append(entry)
    assert sorted(fetching) == ["host.js", "merchant.js", "ops.js", "select.js"]
