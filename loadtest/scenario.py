"""A scenario: who comes when, what the host does, and what must hold. Read from a TOML file.

docs/load-testing.md explains every key; `config/scenarios/` holds the ones that come with it.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from loadtest.draw import Draw

FOLDER = Path(__file__).parent.parent / "config" / "scenarios"
PEOPLE = Path(__file__).parent.parent / "config" / "people.toml"

T = TypeVar("T")
Kind = Literal["viewer", "buyer", "lurker", "moderator", "abuser"]
Encoding = Literal["json", "msgpack", "mix"]


class ScenarioError(Exception):
    """A scenario or people file can't be used; the text is one line that says why."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until `until_s` after the start there are to be `users`, coming `spawn_per_s` at a time."""

    until_s: float
    users: int
    spawn_per_s: float = 50


class HostAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the host does at `at_s`, and again every `every_s` until `until_s` if that is set.

    A `sale` is of a product of its own, named by `sku`; `restock` and `close` mean the newest one.
    """

    at_s: float
    do: Literal["sale", "restock", "close", "pin", "notice", "end"]
    every_s: float = 0
    until_s: float = 0
    sku: str = "SKU"
    price: int = 9900
    stock: int = 100
    per_user: int = 1
    hold_s: int = 30
    starts_in_s: int = 0
    lasts_s: int = 0
    add: int = 10
    text: str = ""


class Burst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Between `from_s` and `until_s` people think `times` faster."""

    from_s: float
    until_s: float
    times: float


class Drop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At `at_s` this share of the connections breaks; they come back within `spread_s`."""

    at_s: float
    share: float = 1.0
    spread_s: float = 5


class Criteria(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold, beside what always must: nothing oversold, lost, doubled or left out.

    The limits are milliseconds at the 99th percentile: of replies by command, and of pushes by
    delivery class. `error_rate_max` is of commands; `delivered_min` is the share of a room's
    comments that reach a viewer or are told to it in a `gap`.
    """

    reply_p99_ms: dict[str, float] = {}
    push_p99_ms: dict[str, float] = {}
    error_rate_max: float = 0.001
    delivered_min: float = 0.999
    memory_growth_max: float = 0


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rehearsal. `crowd` gives shares of viewers, buyers, lurkers, moderators and abusers."""

    title: str
    stage: list[Stage]
    crowd: dict[Kind, float]
    host: list[HostAct] = []
    burst: list[Burst] = []
    drop: list[Drop] = []
    criteria: Criteria = Criteria()
    encoding: Encoding = "mix"
    deflate_share: float = 0
    calm_s: float = 5
    server: dict[str, str | int | float | bool] = {}
    name: str = ""

    @property
    def lasts_s(self) -> float:
        """Seconds from the first user to the end."""
        return self.stage[-1].until_s

    @property
    def users_max(self) -> int:
        """The most users at any time, the host included."""
        return max(stage.users for stage in self.stage)

    def users_at(self, at_s: float) -> Stage | None:
        """The stage in force; None when it is over."""
        return next((stage for stage in self.stage if at_s < stage.until_s), None)

    def haste(self, at_s: float) -> float:
        """How many times faster than usual people are now."""
        now = (burst.times for burst in self.burst if burst.from_s <= at_s < burst.until_s)
        return max(now, default=1.0)

    def host_acts(self) -> list[HostAct]:
        """Every single act of the host, repetitions written out, in order of time."""
        acts = []
        for act in self.host:
            if act.every_s <= 0:
                acts.append(act)
                continue
            times = int((act.until_s - act.at_s) / act.every_s) + 1
            acts.extend(
                msgspec.structs.replace(
                    act, at_s=act.at_s + n * act.every_s, every_s=0, sku=f"{act.sku}-{n + 1}"
                )
                for n in range(times)
            )
        return sorted(acts, key=lambda act: act.at_s)


class People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How people behave: pauses are drawn, habits are weights and shares."""

    think_s: dict[str, Draw]
    react_s: Draw
    pay_after_s: Draw
    viewer: dict[str, float]
    buyer: dict[str, float]
    pay_share: float = 0.8
    cancel_share: float = 0.1
    answer_s_max: float = 10


def load_scenario(name_or_path: str, users: int | None = None) -> Scenario:
    """A scenario by file, or by name from config/scenarios. Raises ScenarioError.

    `users` scales its stages so that the largest has that many.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = FOLDER / f"{name_or_path}.toml"
    if not path.exists():
        known = ", ".join(sorted(one.stem for one in FOLDER.glob("*.toml")))
        raise ScenarioError(f"There is no scenario {name_or_path}; choose from {known}, or a file.")
    scenario = _read(path, Scenario)
    _check(path, scenario)
    scenario = msgspec.structs.replace(scenario, name=path.stem)
    return scaled(scenario, users / scenario.users_max) if users else scenario


def scaled(scenario: Scenario, factor: float) -> Scenario:
    """The same rehearsal with more or fewer people, and stock to match."""
    stages = [
        Stage(
            stage.until_s, max(2, round(stage.users * factor)), max(1, stage.spawn_per_s * factor)
        )
        for stage in scenario.stage
    ]
    acts = [
        msgspec.structs.replace(
            act, stock=max(1, round(act.stock * factor)), add=max(1, round(act.add * factor))
        )
        for act in scenario.host
    ]
    return msgspec.structs.replace(scenario, stage=stages, host=acts)


def load_people(path: Path = PEOPLE) -> People:
    """The habits of the crowd. Raises ScenarioError."""
    return _read(path, People)


def _read(path: Path, kind: type[T]) -> T:
    try:
        tree: Mapping[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(tree, kind)
    except OSError as error:
        raise ScenarioError(f"Can't read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{path} can't be used: {error}.") from None


def _check(path: Path, scenario: Scenario) -> None:
    times = [stage.until_s for stage in scenario.stage]
    if not times or times != sorted(set(times)):
        raise ScenarioError(f"{path}: it needs [[stage]]s whose until_s rise.")
    if not any(share > 0 for share in scenario.crowd.values()):
        raise ScenarioError(f"{path}: [crowd] is empty; give at least one share.")
    if min(scenario.crowd.values()) < 0:
        raise ScenarioError(f"{path}: shares in [crowd] can't be negative.")
    if scenario.calm_s >= scenario.lasts_s:
        raise ScenarioError(f"{path}: calm_s must be less than the whole, {scenario.lasts_s:g} s.")
