"""Reads scenarios and the habits of people from TOML files, and fits a scenario to a size."""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from loadtest.mistakes import mistakes, mistakes_of_people
from loadtest.scenario import People, Scenario, ScenarioError, Stage
from loadtest.shipped import folder

FOLDER = folder() / "scenarios"
PEOPLE = folder() / "people.toml"

T = TypeVar("T")


def load_scenario(
    name_or_path: str, users: int | None = None, seconds: float | None = None
) -> Scenario:
    """A scenario by file, or by name from config/scenarios. Raises ScenarioError.

    `users` scales its stages so that the largest has that many, `seconds` its times so that it
    lasts that long.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = FOLDER / f"{name_or_path}.toml"
    if not path.exists():
        known = ", ".join(sorted(one.stem for one in FOLDER.glob("*.toml")))
        raise ScenarioError(f"There is no scenario {name_or_path}; choose from {known}, or a file.")
    scenario = msgspec.structs.replace(_read(path, Scenario), name=path.stem)
    if wrong := next(mistakes(scenario), None):
        raise ScenarioError(f"{path}: {wrong}")
    if users is not None:
        if users < scenario.rooms + 1:
            raise ScenarioError(
                f"{users} users can't play {path.stem}: it needs {scenario.rooms + 1} or more, "
                "a host a room and somebody to watch."
            )
        scenario = scaled(scenario, users / scenario.users_max)
    return scenario if seconds is None else hurried(scenario, seconds)


def scaled(scenario: Scenario, factor: float) -> Scenario:
    """The same rehearsal with more or fewer people, and stock to match."""
    stages = [
        Stage(
            stage.until_s,
            max(scenario.rooms + 1, round(stage.users * factor)),
            max(1, stage.spawn_per_s * factor),
        )
        for stage in scenario.stage
    ]
    acts = [
        msgspec.structs.replace(
            act,
            stock=max(1, round(act.stock * factor)),
            add=max(1, round(act.add * factor)),
            quota=max(1, round(act.quota * factor)),
        )
        for act in scenario.host
    ]
    criteria = msgspec.structs.replace(
        scenario.criteria,
        orders_per_hour_min=scenario.criteria.orders_per_hour_min * factor,
        gmv_per_hour_min=scenario.criteria.gmv_per_hour_min * factor,
    )
    return msgspec.structs.replace(scenario, stage=stages, host=acts, criteria=criteria)


def hurried(scenario: Scenario, seconds: float) -> Scenario:
    """The same rehearsal in so many seconds; holds and the calm at the end keep their lengths."""
    if not scenario.calm_s + 5 < seconds < math.inf:
        raise ScenarioError(
            f"{scenario.name} needs more than {scenario.calm_s + 5:g} s, and was given {seconds:g}."
        )
    factor = seconds / scenario.lasts_s
    replace = msgspec.structs.replace
    return replace(
        scenario,
        stage=[
            replace(it, until_s=it.until_s * factor, spawn_per_s=it.spawn_per_s / factor)
            for it in scenario.stage
        ],
        host=[
            replace(
                it,
                at_s=it.at_s * factor,
                every_s=it.every_s * factor,
                until_s=it.until_s * factor,
                starts_in_s=round(it.starts_in_s * factor),
                lasts_s=math.ceil(it.lasts_s * factor),
            )
            for it in scenario.host
        ],
        burst=[
            replace(it, from_s=it.from_s * factor, until_s=it.until_s * factor)
            for it in scenario.burst
        ],
        drop=[replace(it, at_s=it.at_s * factor) for it in scenario.drop],
    )


def load_people(path: Path = PEOPLE) -> People:
    """The habits of the crowd. Raises ScenarioError."""
    people = _read(path, People)
    if wrong := next(mistakes_of_people(people), None):
        raise ScenarioError(f"{path}: {wrong}")
    return people


def _read(path: Path, kind: type[T]) -> T:
    try:
        text = path.read_text(encoding="utf-8")
        tree: Mapping[str, object] = tomllib.loads(text, parse_float=_finite)
        return msgspec.convert(tree, kind)
    except OSError as error:
        raise ScenarioError(f"Can't read {path}: {error.strerror}.") from None
    except (ValueError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{path} can't be used: {error}.") from None


def _finite(text: str) -> float:
    """A float of a TOML file. Raises ValueError for `nan` and `inf`, which no time or share is."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number to count with")
    return value
