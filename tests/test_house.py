"""The house refuses to start, naming the piece, where features do not fit together."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from msgspec import Struct
from redis.asyncio import Redis

from server import features
from server.feature import BadFeature, Engine, Feature, Running
from server.house import HOUSE, House
from server.protocol.input import Input
from server.protocol.message import Command, Event, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler
from server.rooms.part import Part
from server.telemetry.metrics import Metrics
from server.worker import Worker
from tests.conftest import MakeSettings

Package = Callable[..., None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Makes an importable folder of a new feature, with these scripts by their names."""
    monkeypatch.setattr(features, "__path__", [*features.__path__, str(tmp_path)])

    def make(name: str, **store: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        for script, text in store.items():
            (folder / f"{script}.lua").write_text(text, encoding="utf-8")

    yield make
    for module in [each for each in sys.modules if each.startswith("server.features.new")]:
        del sys.modules[module]


def house_with(**new: Feature) -> House:
    """The house as it is, and these features."""
    return House(HOUSE.features | new)


def said(*kinds: type) -> ModuleType:
    """A module of messages that defines these."""
    module = ModuleType("messages_of_new")
    for kind in kinds:
        kind.__module__ = module.__name__
        setattr(module, kind.__name__, kind)
    return module


class Wave(Command, tag="wave", frozen=True, kw_only=True):
    """A command that no feature has."""


class WaveEvent(Event, tag="wave", frozen=True, kw_only=True):
    """An event that no feature has."""


class SecondLike(Command, tag="like", frozen=True, kw_only=True):
    """A command whose name is taken."""


class SecondPin(Event, tag="pin", frozen=True, kw_only=True):
    """An event whose name is taken."""


class Wind(Struct):
    """A noun that ignores unknown fields."""

    knots: int


class StrictWind(Input, frozen=True):
    """An input, which refuses them."""

    knots: int


class Blow(Command, tag="blow", frozen=True, kw_only=True):
    """A command with a noun that is no input."""

    winds: list[Wind]


class BlowEvent(Event, tag="blow", frozen=True, kw_only=True):
    """An event with an input."""

    winds: dict[str, StrictWind]


class SecondLikes(Struct):
    """A field whose name is taken."""

    likes: int = 0


class SecondPart(Part):
    """Adds a field that another part has."""

    View = SecondLikes


def test_the_house_takes_a_feature_that_fits(package: Package) -> None:
    package("new", act="-- keys: waves\nreturn 1\n")
    house = house_with(new=Feature(messages=said(Wave, WaveEvent), keys={"waves": "how many"}))

    assert Wave in house.commands
    assert WaveEvent in house.events
    assert "new.act" in house.library.scripts


@pytest.mark.parametrize(
    ("kind", "owner", "tag"), [(SecondLike, "likes", "like"), (SecondPin, "shelf", "pin")]
)
def test_a_message_that_two_features_say_is_refused(
    package: Package, kind: type, owner: str, tag: str
) -> None:
    package("new")
    with pytest.raises(BadFeature) as refused:
        house_with(new=Feature(messages=said(kind)))
    for word in (owner, "new", f"`{tag}`"):
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Blow, "`blow` ignores unknown fields in Wind; derive it from Input"),
        (BlowEvent, "BlowEvent is read by others, but StrictWind in it refuses unknown fields"),
    ],
)
def test_commands_refuse_unknown_fields_and_what_others_read_does_not(
    package: Package, kind: type, sentence: str
) -> None:
    package("new")
    with pytest.raises(BadFeature, match=re.escape(sentence)):
        house_with(new=Feature(messages=said(kind)))


@pytest.mark.parametrize("what", ["keys", "host_keys", "shared_keys"])
@pytest.mark.parametrize("of_the_engine", [True, False])
def test_a_key_that_two_own_is_refused(package: Package, what: str, *, of_the_engine: bool) -> None:
    package("new")
    package("newer")
    taken = (
        {"keys": "room", "host_keys": "rooms", "shared_keys": "bans"}[what]
        if of_the_engine
        else "waves"
    )
    both = {name: Feature(**{what: {taken: "how many"}}) for name in ("new", "newer")}  # type: ignore[arg-type]
    with pytest.raises(BadFeature) as refused:
        house_with(**both)
    owner = "the engine" if of_the_engine else "new"
    assert str(refused.value).startswith(f"The key `{taken}` belongs to {owner} and to new")


def test_a_script_that_names_a_key_nobody_declared_is_refused(package: Package) -> None:
    package("new", act="-- keys: wavs\nreturn 1\n")
    with pytest.raises(BadFeature, match=r"new/act\.lua declares unknown keys: wavs"):
        house_with(new=Feature(keys={"waves": "how many"}))


@pytest.mark.parametrize("what", ["View", "Loaded", "Fields", "Told"])
def test_a_field_that_two_parts_add_is_refused(package: Package, what: str) -> None:
    package("new")
    package("newer")

    class Waves(Struct):
        waves: int = 0

    class MoreWaves(Struct):
        waves: int = 0

    one = type("One", (Part,), {what: Waves})
    two = type("Two", (Part,), {what: MoreWaves})
    with pytest.raises(BadFeature) as refused:
        house_with(new=Feature(part=one), newer=Feature(part=two))
    for word in ("`waves`", "Waves", "MoreWaves"):
        assert word in str(refused.value)


def test_a_field_of_a_feature_that_is_there_is_refused(package: Package) -> None:
    package("new")
    with pytest.raises(
        BadFeature, match=r"SecondLikes and server\.features\.likes\.snapshot.* both have `likes`"
    ):
        house_with(new=Feature(part=SecondPart))


def test_features_that_lean_on_each_other_in_a_circle_are_refused() -> None:
    new = {"new": Feature(leans_on=("newer",)), "newer": Feature(reads=("new",))}
    with pytest.raises(BadFeature) as refused:
        house_with(**new)
    assert "new -> newer" in str(refused.value)


def test_a_feature_that_leans_on_one_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadFeature, match="new leans on gone"):
        house_with(new=Feature(leans_on=("gone",)))


async def waved(call: Call, cmd: Command) -> Ok:
    """Take a wave."""
    return Ok(ref=cmd.ref)


class Waver:
    """Takes waves."""

    def handlers(self) -> dict[type[Command], Handler]:
        return {Wave: Handler(waved, Role.VIEWER)}


def runs(count: int) -> Callable[[Engine], Running]:
    """How a feature is made that takes its command so many times."""
    return lambda _: Running(takes=[Waver() for _ in range(count)])


@pytest.mark.parametrize(
    ("takers", "sentence"),
    [(0, "Nobody takes `Wave`; give it a handler."), (2, "`Wave` has two handlers; drop one.")],
)
def test_a_command_that_not_just_one_takes_stops_the_worker(
    package: Package, make_settings: MakeSettings, takers: int, sentence: str
) -> None:
    package("new")
    house = house_with(new=Feature(make=runs(takers), messages=said(Wave)))
    with pytest.raises(ValueError, match=re.escape(sentence)):
        worker_of(house, make_settings)


def test_a_command_that_one_takes_lets_the_worker_start(
    package: Package, make_settings: MakeSettings
) -> None:
    package("new")
    house = house_with(new=Feature(make=runs(1), messages=said(Wave)))
    assert Wave in worker_of(house, make_settings).dispatch.handlers


def worker_of(house: House, make_settings: MakeSettings) -> Worker:
    """A worker that is made, and not entered."""
    settings = make_settings()
    redis = Redis.from_url(settings.redis.url)
    return Worker(redis, settings, worker_id="w1", metrics=Metrics(), random=Random(1), house=house)
