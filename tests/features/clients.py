"""What a client makes of a watcher's record: client_sim in this process, liveroom.js in Node.

Both answer with faults: `(step, field, what the client has, what a newcomer is shown)`.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from client_sim.client.state import RoomState
from tests.hub.listening import Message

NODE_S_MAX = 60
FOLD = Path(__file__).parent / "fold.mjs"
LOOKS_ON = "eve"
"""Of others, what `mine` has is changed by their own replies too, which no event tells."""


class Fault(NamedTuple):
    """A client's state that is not what a newcomer is shown."""

    step: str
    field: str
    client: Any
    newcomer: Any


def fold_in_python(user: str, record: Message) -> Iterator[Fault]:
    """Feed client_sim's state."""
    state = RoomState()
    state.joined(record["joined"])
    hid_some = state.view["shelf_total"] > len(state.view["shelf"])
    for step in record["steps"]:
        for event in step["events"]:
            state.apply(event)
        yield from _unlike(step["step"], user, state, step["fresh"], hid_some=hid_some)
    last = record["steps"][-1]["fresh"]
    for resumed in record["resumed"]:
        back = RoomState()
        back.joined(resumed["reply"])
        for event in resumed["reply"].get("missed") or ():
            back.apply(event)
        yield from _unlike(f"a resume from seq {resumed['seq']}", user, back, last)


def _unlike(
    step: str, user: str, state: RoomState, reply: Message, *, hid_some: bool = False
) -> Iterator[Fault]:
    fresh = RoomState()
    fresh.joined(reply)
    hid_some |= fresh.view["shelf_total"] > len(fresh.view["shelf"])
    ours = _shown(user, state)
    theirs = _shown(user, fresh)
    if hid_some:
        shelves = _as_far_as_shown(fresh.view, ours["shelf"], theirs["shelf"])
        ours["shelf"], theirs["shelf"] = shelves
    for field, newcomer in theirs.items():
        if ours.get(field) != newcomer:
            yield Fault(step, field, ours.get(field), newcomer)


def _as_far_as_shown(view: Message, client: Any, newcomer: Any) -> tuple[Any, Any]:
    """What a client and a newcomer both know of a shelf of which one was not shown all, whatever
    its order, and what everybody must know: the pinned product, and those on sale."""
    ours, theirs = ({product["sku"]: product for product in each} for each in (client, newcomer))
    on_sale = {sale["sku"] for sale in view["sales"] if sale["status"] != "closed"}
    wanted = ours.keys() & theirs.keys() | (theirs.keys() & {view["pin"], *on_sale})
    return (
        {sku: ours.get(sku) for sku in sorted(wanted)},
        {sku: theirs[sku] for sku in sorted(wanted)},
    )


def _shown(user: str, state: RoomState) -> Message:
    mine = state.mine if user == LOOKS_ON else {"claims": state.mine["claims"]}
    return state.view | {"mine": mine, "orders": state.orders, "position": state.position}


def fold_in_node(node: str, records: dict[str, Message]) -> Iterator[tuple[str, Fault]]:
    """Feed the RoomState of liveroom-state.js; (user, fault)."""
    told = run_node(node, "fold", {"records": records, "looksOn": LOOKS_ON})
    for user, *fault in told:
        yield user, Fault(*fault)


def events_known_in_node(node: str) -> set[str]:
    """The events that liveroom-state.js names."""
    return set(run_node(node, "events", None))


def run_node(node: str, what: str, value: Any) -> Any:
    """Run fold.mjs; what it prints. CalledProcessError, with its words, if it fails."""
    done = subprocess.run(
        [node, str(FOLD), what],
        input=json.dumps(value),
        capture_output=True,
        text=True,
        timeout=NODE_S_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{FOLD.name} failed: {done.stderr}"
    return json.loads(done.stdout)
