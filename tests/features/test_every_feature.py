"""Every feature keeps its word: old state + events told = state read afresh, whoever folds it.

The features are those that the house finds. Each that has commands or events has a story in
`stories/`; what it declares and its story does not show fails by name.
"""

import asyncio
import importlib
import pkgutil
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import pytest

from client_sim.state import RoomState
from server.house import HOUSE
from tests.conftest import MakeSettings
from tests.features import stories
from tests.features.clients import (
    Fault,
    events_known_in_node,
    fold_in_node,
    fold_in_python,
)
from tests.features.owners import TALKING, commands_of, event_of, events_of, field_of, tag
from tests.features.stage import Stage, stage_of

TOLD = {tag(event) for event in HOUSE.told}
HEARD, DEAF = "every bus message heard", "every bus message lost"
every_feature = pytest.mark.parametrize("feature", TALKING)
heard_or_not = pytest.mark.parametrize("deaf", [False, True], ids=["heard", "deaf"])


@pytest.fixture
def node() -> str:
    """The Node program."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("liveroom.js can't be run: there is no `node` on PATH; install Node.js.")
    return found


def story_of(feature: str) -> ModuleType:
    """The story of a feature; the test fails where there is none."""
    name = f"{stories.__name__}.{feature}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        pytest.fail(
            f"The feature {feature} has commands or events, and no story: "
            f"write tests/features/stories/{feature}.py."
        )


@asynccontextmanager
async def told(make: MakeSettings, feature: str, *, deaf: bool) -> AsyncIterator[Stage]:
    """The stage after the feature's story."""
    story = story_of(feature)
    sections: dict[str, dict[str, Any]] = {
        "hub": {"tick_ms_min": 1, "sample_per_s_max": 0},
        "bus": {"publish_interval_ms": 1, "watchdog_timeout_s": 600},
        "rooms": {"comments_burst": 1000},
        "asks": {"batch_interval_ms": 1},
        "orders": {"fair_window_ms": 0},
    }
    for name, values in getattr(story, "SETTINGS", {}).items():
        sections[name] = sections.get(name, {}) | values
    scheduled = getattr(story, "SCHEDULED", False)
    async with stage_of(make(**sections), scheduled=scheduled, deaf=deaf) as stage:
        await story.tell(stage)
        yield stage


@every_feature
async def test_every_command_succeeds_and_every_event_is_told(
    make_settings: MakeSettings, feature: str
) -> None:
    story = story_of(feature)
    async with told(make_settings, feature, deaf=False) as stage:
        heard = set(stage.told())

    where = f"in tests/features/stories/{feature}.py"
    for command in commands_of(feature):
        assert command in stage.succeeded, (
            f"The feature {feature}: its command `{tag(command)}` never succeeds {where}."
        )
    not_told = getattr(story, "NOT_TOLD", {})
    for event in events_of(feature):
        assert tag(event) in heard or event in not_told, (
            f"The feature {feature}: its event `{tag(event)}` is never told {where}."
        )


@heard_or_not
@every_feature
async def test_the_copy_of_a_worker_equals_a_fresh_read_after_each_step(
    make_settings: MakeSettings, feature: str, *, deaf: bool
) -> None:
    async with told(make_settings, feature, deaf=deaf) as stage:
        assert not stage.faults, "\n".join(stage.faults)


@heard_or_not
@every_feature
async def test_the_state_of_client_sim_equals_a_newcomers_snapshot(
    make_settings: MakeSettings, feature: str, *, deaf: bool
) -> None:
    async with told(make_settings, feature, deaf=deaf) as stage:
        await stage.resume_everywhere()

    faults = [
        said("client_sim/state.py", user, fault, deaf=deaf)
        for user, watcher in stage.watchers.items()
        for fault in fold_in_python(user, watcher.record())
    ]
    assert not faults, "\n".join(faults)


@heard_or_not
@every_feature
async def test_the_state_of_liveroom_js_equals_a_newcomers_snapshot(
    make_settings: MakeSettings, feature: str, node: str, *, deaf: bool
) -> None:
    async with told(make_settings, feature, deaf=deaf) as stage:
        await stage.resume_everywhere()

    records = {user: watcher.record() for user, watcher in stage.watchers.items()}
    found = await asyncio.to_thread(lambda: list(fold_in_node(node, records)))
    faults = [said("liveroom-state.js", user, fault, deaf=deaf) for user, fault in found]
    assert not faults, "\n".join(faults)


def said(client: str, user: str, fault: Fault, *, deaf: bool) -> str:
    """The sentence about a client that is wrong."""
    return (
        f"{client}: {field_of(fault.field)} after {fault.step} ({DEAF if deaf else HEARD}): "
        f"{user} has {fault.client!r}, a newcomer {fault.newcomer!r}"
    )


@heard_or_not
@every_feature
async def test_whoever_comes_back_is_told_the_must_events_they_missed(
    make_settings: MakeSettings, feature: str, *, deaf: bool
) -> None:
    async with told(make_settings, feature, deaf=deaf) as stage:
        await stage.resume_everywhere()

    for user, watcher in stage.watchers.items():
        must = [event for event in watcher.guest.heard if "seq" in event]
        for resumed in watcher.resumed:
            reply, seq = resumed["reply"], resumed["seq"]
            assert not reply.get("gap"), f"{user} comes back from seq {seq} to a gap"
            assert reply["missed"] == [event for event in must if event["seq"] > seq]


def test_client_sim_knows_every_event() -> None:
    unlike(RoomState().events(), "RoomState of client_sim/state.py")


def test_liveroom_js_knows_every_event(node: str) -> None:
    unlike(events_known_in_node(node), "server/web/pages/liveroom-state.js")


def unlike(known: set[str], where: str) -> None:
    """Fail, naming them, where a client does not know just those events that are told."""
    missing = [event_of(name) for name in sorted(TOLD - known)]
    assert missing == [], f"{where} does not know {', '.join(missing)}: fold or ignore each there."
    assert known - TOLD == set(), f"{where} knows events that nobody tells."


def test_no_story_is_of_a_feature_that_is_not_there() -> None:
    assert {each.name for each in pkgutil.iter_modules(stories.__path__)} <= set(TALKING)
