"""Every feature keeps its word: old state + events told = state read afresh, whoever folds it.

The features are those that the house finds. Each that has commands, events or facts has a story in
`stories/`; what it declares and its story does not show fails by name.
"""

import asyncio
import importlib
import pkgutil
import shutil
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pytest

from client_sim.client.state import RoomState
from server.features.webhooks.events import event_of as event_of_line
from server.house import HOUSE
from server.protocol.message import Command
from server.rooms.state import RoomState as CopyOfRoom
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.features import stories
from tests.features.clients import (
    Fault,
    events_known_in_node,
    fold_in_node,
    fold_in_python,
)
from tests.features.owners import (
    TALKING,
    commands_of,
    event_of,
    events_of,
    facts_of,
    field_of,
    tag,
)
from tests.features.stage import Watcher, stage_of
from tests.features.turns import tell_together
from tests.webhooks.receiver import validator_of

pytestmark = pytest.mark.long("tells the story of each feature, to two workers and two clients")

Sections = dict[str, dict[str, Any]]
TOLD = {tag(event) for event in HOUSE.told}
BESIDE = "tests.features"
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
    """The story of a feature: in `stories/`, or with the feature's own tests. Fails without one."""
    for name in (f"{stories.__name__}.{feature}", f"{BESIDE}.{feature}.test_{feature}"):
        try:
            found = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not name.startswith(error.name or "-"):
                raise
        else:
            if hasattr(found, "tell"):
                return found
    pytest.fail(
        f"The feature {feature} has commands, events or facts, and no story: write `tell` in "
        f"tests/features/stories/{feature}.py or tests/features/{feature}/test_{feature}.py."
    )


def settings_of(make: MakeSettings, own: Sections) -> Settings:
    """Nothing waits for long, every comment is shown to all, sales have no draw; and `own`."""
    sections: Sections = {
        "hub": {"tick_ms_min": 1, "sample_per_s_max": 0},
        "bus": {"publish_interval_ms": 1, "watchdog_timeout_s": 600},
        "rooms": {"comments_burst": 1000},
        "asks": {"batch_interval_ms": 1},
        "orders": {"fair_window_ms": 0},
    }
    for name, values in own.items():
        sections[name] = sections.get(name, {}) | values
    return make(**sections)


class Told(NamedTuple):
    """What is kept of a story that was told."""

    heard: set[str]
    succeeded: set[type[Command]]
    faults: list[str]
    watchers: dict[str, Watcher]
    facts: list[tuple[str, bytes]]
    """The kind of each fact in the timelines, and the fact as it is stored."""
    lines: list[dict[str, Any]]
    """The lines of the ledgers."""
    prefix: str
    """What it stored still lies in Redis under this."""


_TOLD: dict[tuple[str, bool], Told] = {}
"""Each story is told once heard and once deaf in a process; the tests look at different things."""


async def told(make: MakeSettings, feature: str, *, deaf: bool) -> Told:
    """The feature's story, and who comes back from each seq of it."""
    if (feature, deaf) in _TOLD:
        return _TOLD[feature, deaf]
    story = story_of(feature)
    scheduled = getattr(story, "SCHEDULED", False)
    # Under a prefix of its own: the keys of the test that tells it go when that ends.
    kept = {"redis": {"key_prefix": f"told-{feature}-{deaf}"}}
    settings = settings_of(make, getattr(story, "SETTINGS", {}) | kept)
    async with stage_of(settings, scheduled=scheduled, deaf=deaf) as stage:
        await story.tell(stage)
        await stage.resume_everywhere()
        facts = await stage.facts()
        lines = await stage.lines()
    done = Told(
        set(stage.told()),
        stage.succeeded,
        stage.faults,
        stage.watchers,
        facts,
        lines,
        settings.redis.key_prefix,
    )
    _TOLD[feature, deaf] = done
    return done


@every_feature
async def test_every_command_succeeds_and_every_event_is_told(
    make_settings: MakeSettings, feature: str
) -> None:
    story = await told(make_settings, feature, deaf=False)

    where = f"in tests/features/stories/{feature}.py"
    for command in commands_of(feature):
        assert command in story.succeeded, (
            f"The feature {feature}: its command `{tag(command)}` never succeeds {where}."
        )
    not_told = getattr(story_of(feature), "NOT_TOLD", {})
    for event in events_of(feature):
        assert tag(event) in story.heard or event in not_told, (
            f"The feature {feature}: its event `{tag(event)}` is never told {where}."
        )


@every_feature
async def test_every_fact_is_recorded_and_has_the_fields_that_it_declares(
    make_settings: MakeSettings, feature: str
) -> None:
    story = await told(make_settings, feature, deaf=False)

    recorded = {kind for kind, _ in story.facts}
    for fact in facts_of(feature):
        assert fact.kind() in recorded, (
            f"The feature {feature}: its fact `{fact.kind()}` is never recorded in "
            f"tests/features/stories/{feature}.py."
        )
    for kind, stored in story.facts:
        declared = HOUSE.facts.kinds[kind]
        try:
            msgspec.msgpack.decode(stored, type=declared)
        except msgspec.ValidationError as error:
            pytest.fail(
                f"{declared.__module__}: the fact `{kind}` is not what it declares: {error}"
            )


@every_feature
async def test_every_line_of_the_ledger_is_declared_and_fits_its_schema(
    make_settings: MakeSettings, feature: str
) -> None:
    """As webhooks tell it: by its type others choose what they are told, and read it."""
    story = await told(make_settings, feature, deaf=False)
    for line in story.lines:
        assert HOUSE.lines.class_of(line) is not None, (
            f"No feature declares the ledger line {line}: write its class in the ledger_lines.py "
            "of the feature whose script writes it, and name that in Feature(ledger_lines=...)."
        )
        event = event_of_line(HOUSE.lines, line["room"], 0, line["n"], line)
        faults = [
            error.message
            for error in validator_of(event.type).iter_errors(msgspec.json.decode(event.body))
        ]
        assert faults == [], f"The ledger line {line} is not what its class says."


@heard_or_not
@every_feature
async def test_the_copy_of_a_worker_equals_a_fresh_read_after_each_step(
    make_settings: MakeSettings, feature: str, *, deaf: bool
) -> None:
    story = await told(make_settings, feature, deaf=deaf)
    assert not story.faults, "\n".join(story.faults)


@heard_or_not
@every_feature
async def test_the_state_of_client_sim_equals_a_newcomers_snapshot(
    make_settings: MakeSettings, feature: str, *, deaf: bool
) -> None:
    story = await told(make_settings, feature, deaf=deaf)
    faults = [
        said("client_sim/state.py", user, fault, deaf=deaf)
        for user, watcher in story.watchers.items()
        for fault in fold_in_python(user, watcher.record())
    ]
    assert not faults, "\n".join(faults)


@heard_or_not
@every_feature
async def test_the_state_of_liveroom_js_equals_a_newcomers_snapshot(
    make_settings: MakeSettings, feature: str, node: str, *, deaf: bool
) -> None:
    story = await told(make_settings, feature, deaf=deaf)
    records = {user: watcher.record() for user, watcher in story.watchers.items()}
    found = await asyncio.to_thread(lambda: list(fold_in_node(node, records)))
    faults = [said("liveroom-state.js", user, fault, deaf=deaf) for user, fault in found]
    assert not faults, "\n".join(faults)


@heard_or_not
@every_feature
async def test_a_user_who_comes_back_is_told_the_must_events_they_missed(
    make_settings: MakeSettings, feature: str, *, deaf: bool
) -> None:
    story = await told(make_settings, feature, deaf=deaf)
    for user, watcher in story.watchers.items():
        must = [event for event in watcher.guest.heard if "seq" in event]
        for resumed in watcher.resumed:
            reply, seq = resumed["reply"], resumed["seq"]
            assert not reply.get("gap"), f"{user} comes back from seq {seq} to a gap"
            assert reply["missed"] == [event for event in must if event["seq"] > seq]


@heard_or_not
@pytest.mark.parametrize("seed", range(6))
async def test_stories_told_in_any_order_leave_the_copy_equal_to_a_fresh_read(
    make_settings: MakeSettings, seed: int, *, deaf: bool
) -> None:
    """Steps of several stories alternate at random; a story that is refused something ends."""
    random = Random(seed)
    chosen = [story_of(feature) for feature in random.sample(TALKING, 8)]
    settings = settings_of(make_settings, {"rooms": {"recent_comments_max": 3}})
    async with stage_of(settings, scheduled=False, deaf=deaf) as stage:
        await tell_together(stage, [story.tell for story in chosen], random)

    assert len(stage.succeeded) >= 10, "the stories end too early to show anything"
    assert len(stage.succeeded) > 1
    assert not stage.faults, "\n".join(stage.faults)


def said(client: str, user: str, fault: Fault, *, deaf: bool) -> str:
    """The sentence about a client that is wrong."""
    return (
        f"{client}: {field_of(fault.field)} after {fault.step} ({DEAF if deaf else HEARD}): "
        f"{user} has {fault.client!r}, a newcomer {fault.newcomer!r}"
    )


def changing() -> set[str]:
    """The events that change a snapshot."""
    shape = HOUSE.shape
    fields = shape.fields(
        room="r",
        title="T",
        host="h",
        host_name="H",
        phase="live",
        created=0,
        epoch="e",
        seq=0,
        sub=0,
    )
    settings = HOUSE.settings_model()
    args = {
        name: value
        for feature in HOUSE.features.values()
        if feature.load_args is not None
        for name, value in feature.load_args(settings, "r").items()
    }
    state = CopyOfRoom(shape, shape.loaded(fields=fields, now=0), args)
    return {tag(event) for event in state.changed_by}


def test_client_sim_knows_every_event() -> None:
    unlike(RoomState().events(), "RoomState of client_sim/state.py")


def test_liveroom_js_knows_every_event(node: str) -> None:
    unlike(events_known_in_node(node), "server/web/pages/liveroom-state.js")


def unlike(known: set[str], where: str) -> None:
    """Fail, naming them, where a client does not know events that change a snapshot, or knows some
    that nobody tells. What changes no snapshot a client may hand on as it is."""
    missing = [event_of(name) for name in sorted(changing() - known)]
    assert missing == [], f"{where} does not know {', '.join(missing)}: fold or ignore each there."
    assert known - TOLD == set(), f"{where} knows events that nobody tells."


def test_no_story_is_of_a_feature_that_is_not_there() -> None:
    assert {each.name for each in pkgutil.iter_modules(stories.__path__)} <= set(TALKING)
