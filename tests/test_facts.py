"""Facts are declared once: scripts are held to them, figures and replay are made of them."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import msgspec
import pytest
from msgspec import Struct

from server import features
from server.feature import BadFeature, Feature
from server.features.figures.reckoning.fold import Fold
from server.features.figures.reckoning.models import Context
from server.features.figures.reckoning.tables import table
from server.features.replay.entries import Reel
from server.house import HOUSE, House
from server.rooms.fact_book import facts_in
from server.rooms.fact_page import timeline_md
from server.rooms.facts import Fact
from server.rooms.retelling import Retell, Retelling
from server.rooms.tally import Take, Tallies, Tally
from server.store.script_library import LuaFile
from tests.figures.evening import figures
from tests.figures.metrics_page import examples

ROOT = Path(__file__).parent.parent
WAVE = """-- keys: room timeline actions
-- uses: room timeline
record({ k = 'wave', user = A.user })
"""
"""A script that records a wave."""

WithScript = Callable[..., House]


@pytest.fixture
def house_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WithScript]:
    """Makes the house as it is, with a feature `new` that has one script and these facts."""
    monkeypatch.setattr(features, "__path__", [*features.__path__, str(tmp_path)])
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "__init__.py").touch()

    def make(script: str, *kinds: type) -> House:
        (tmp_path / "new" / "put.lua").write_text(script, encoding="utf-8")
        module = ModuleType("facts_of_new")
        for kind in kinds:
            kind.__module__ = module.__name__
            setattr(module, kind.__name__, kind)
        return House(HOUSE.features | {"new": Feature(facts=module)})

    yield make
    for name in [each for each in sys.modules if each.startswith("server.features.new")]:
        del sys.modules[name]


class WaveFact(Fact, tag="wave", frozen=True, kw_only=True):
    """Somebody waved."""

    shown: ClassVar[tuple[str, ...]] = ("user",)

    user: str


class TakenBackFact(Fact, tag="unwave", frozen=True, kw_only=True):
    """A wave was taken back."""

    user: str


class WaveNumbers(Struct, kw_only=True):
    """Counts waves."""

    waves: int


class WaveTally(Tally):
    """Counts waves."""

    Numbers = WaveNumbers

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._waves = 0

    def facts(self) -> Mapping[type[Fact], Take]:
        return {WaveFact: self._wave}

    def numbers(self) -> Mapping[str, Any]:
        return {"waves": self._waves}

    def _wave(self, fact: dict[str, Any]) -> None:
        self._waves += 1


class WaveRetelling(Retelling):
    """Leaves a wave that was taken back out of the replay."""

    def facts(self) -> Mapping[type[Fact], Retell]:
        return {TakenBackFact: self._take_back}

    def _take_back(self, _place: str, fact: dict[str, Any]) -> None:
        self.entries.drop_entries(lambda entry: entry.user == fact["user"])


BOTH = WAVE + "record({ k = 'unwave', user = A.user })\n"


def wave(at: int, user: str, kind: str = "wave") -> tuple[str, dict[str, Any]]:
    """A fact and its place."""
    return f"{at}-0", {"k": kind, "at": at, "user": user, "by": "h1"}


def test_a_fact_of_a_new_feature_counts_in_the_figures(house_with: WithScript) -> None:
    book = house_with(WAVE, WaveFact, WaveNumbers, WaveTally).facts
    fold = Fold("r1", "mei", book)
    for at in (1, 2):
        fold.take_fact(*wave(at, "ann"))
    made = fold.figures(5, Context(earlier=[{"waves": 4}]))

    assert msgspec.to_builtins(made)["numbers"]["waves"] == 2
    assert (made.compared["waves"].median, made.compared["waves"].change) == (4, -0.5)
    assert [row[:2] for row in table(made, "numbers")][-1] == ["waves", 2]
    without = Fold("r1", "mei", HOUSE.facts).figures(5, Context())
    assert list(msgspec.to_builtins(made)["numbers"]) == [
        *msgspec.to_builtins(without)["numbers"],
        "waves",
    ]


def test_a_fact_of_a_new_feature_is_told_in_the_replay(house_with: WithScript) -> None:
    book = house_with(BOTH, WaveFact, TakenBackFact, WaveRetelling).facts
    reel = Reel(book)
    assert {"wave", "unwave"} <= reel.kinds
    for told in (wave(1, "ann"), wave(2, "ben"), wave(3, "ann", "unwave")):
        reel.add_fact(*told)

    assert msgspec.to_builtins(reel.entries()) == [
        {"id": "2-2-0", "at": 2, "t": "wave", "user": "ben"}
    ]


def test_a_fact_of_a_new_feature_has_a_row_in_the_page_of_the_timeline(
    house_with: WithScript,
) -> None:
    page = (ROOT / "docs" / "timeline.md").read_text("utf-8")
    made = timeline_md(house_with(WAVE, WaveFact).facts, page)
    assert "| `wave` | `user` | Somebody waved. | new | `user` |\n" in made
    assert made.replace("| `wave` | `user` | Somebody waved. | new | `user` |\n", "") == page


# The house refuses to start.


def test_a_fact_that_no_feature_declares_is_refused(house_with: WithScript) -> None:
    with pytest.raises(BadFeature, match=r"new/put\.lua records the fact `wave`, and no feature"):
        house_with(WAVE)


def test_a_fact_that_no_script_records_is_refused(house_with: WithScript) -> None:
    with pytest.raises(BadFeature, match="new declares the fact `wave`, and no script records it"):
        house_with("-- keys: room\nreturn 1\n", WaveFact)


def test_a_fact_that_two_features_declare_is_refused(house_with: WithScript) -> None:
    class SecondPoll(Fact, tag="poll", frozen=True, kw_only=True):
        """A fact whose name is taken."""

    with pytest.raises(BadFeature, match="new and polls both declare the fact `poll`"):
        house_with("-- keys: room\nreturn 1\n", SecondPoll)


@pytest.mark.parametrize(
    "line",
    ["local note = record", "record(fact)", "for _, f in ipairs({ record }) do f({}) end",
     "record({ user = A.user, k = 'wave' })"],
)  # fmt: skip
def test_a_script_that_hides_which_fact_it_records_is_refused(
    house_with: WithScript, line: str
) -> None:
    with pytest.raises(BadFeature, match=r"new/put\.lua uses `record` without showing"):
        house_with(WAVE + line + "\n", WaveFact)


def test_a_number_that_two_tallies_have_is_refused(house_with: WithScript) -> None:
    class SecondNumbers(Struct):
        luckies: int

    class SecondTally(Tally):
        Numbers = SecondNumbers

    with pytest.raises(BadFeature, match=r"SecondTally and .*LuckyTally both have .* `luckies`"):
        house_with(WAVE, WaveFact, SecondTally)


def test_a_number_that_the_figures_have_is_refused(house_with: WithScript) -> None:
    class SecondNumbers(Struct):
        orders: int

    class SecondTally(Tally):
        Numbers = SecondNumbers

    book = house_with(WAVE, WaveFact, SecondTally).facts
    with pytest.raises(
        ValueError, match=r"SecondTally has the number `orders`; the figures do too"
    ):
        Fold("r1", "mei", book)


@pytest.mark.parametrize("name", ["by", "at", "hat"])
def test_a_fact_shows_only_fields_of_its_own(house_with: WithScript, name: str) -> None:
    class Shy(Fact, tag="wave", frozen=True, kw_only=True):
        """A fact that shows what it must not, or has not."""

        shown: ClassVar[tuple[str, ...]] = (name,)
        user: str

    with pytest.raises(BadFeature, match=f"Shy shows `{name}`"):
        house_with(WAVE, Shy)


def test_a_field_that_is_shown_with_two_types_is_refused(house_with: WithScript) -> None:
    class Other(Fact, tag="wave", frozen=True, kw_only=True):
        """A fact whose field another one has with another type."""

        shown: ClassVar[tuple[str, ...]] = ("price",)
        user: str
        price: str = ""

    with pytest.raises(BadFeature, match=r"Fact and .*Other show `price` with two types"):
        house_with(WAVE, Other)


# Today's house.


def test_every_fact_that_a_script_records_is_declared_and_every_declared_one_recorded() -> None:
    recorded = {kind for file in HOUSE.library.files for kind in facts_in(file)}
    assert recorded == set(HOUSE.facts.kinds)
    assert len(recorded) > 20


def test_only_the_prelude_of_the_timeline_writes_to_it() -> None:
    def writes(file: LuaFile) -> bool:
        writing = r"'X(ADD|TRIM|DEL|SETID)'\s*,\s*K\.(timeline|actions)\b"
        return re.search(writing, re.sub("--.*", "", file.text)) is not None

    assert [file.path for file in HOUSE.library.files if writes(file)] == ["_timeline.lua"]
    writing = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "server").rglob("*.py")
        if re.search(r"\bxadd\b", path.read_text("utf-8"), re.IGNORECASE)
    ]
    assert writing == [], "facts are recorded by scripts alone, in the step that makes the change"


def test_every_fact_says_what_happened() -> None:
    for kind, fact in HOUSE.facts.kinds.items():
        assert fact.__doc__ != Fact.__doc__, f"{fact.__module__}: `{kind}` has no docstring"


def test_the_numbers_of_single_features_are_on_the_page_with_right_examples() -> None:
    told = examples("numbers of single features")
    assert list(told) == list(HOUSE.facts.numbers)
    numbers = msgspec.to_builtins(figures())["numbers"]
    assert {name: numbers[name] for name in told} == told


def test_the_page_of_numbers_reads_only_facts_that_there_are() -> None:
    """The column `reads` names facts behind T, and lines of the ledger behind L."""
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    cells = re.findall(r"^\|(?:[^|]*\|){3} ([^|]*T [^|]*) \|", page, re.MULTILINE)
    named = {kind for cell in cells for kind in re.findall(r"\w+", _behind_t(cell))}
    assert len(named) >= 9
    assert named - set(HOUSE.facts.kinds) == set()


def _behind_t(cell: str) -> str:
    """`T visits phase, L order` -> `visits phase`."""
    return " ".join(part[2:] for part in cell.split(", ") if part.startswith("T "))


def test_the_host_page_has_words_only_for_facts_that_there_are() -> None:
    """A fact without words is shown by its kind."""
    words = (ROOT / "server" / "web" / "pages" / "ui" / "work-strings.js").read_text("utf-8")
    named = set(re.findall(r'^  "log\.([a-z]+)":', words, re.MULTILINE))
    assert named - {"title", "again", "colon"} - set(HOUSE.facts.kinds) == set()
    assert len(named) > 15
