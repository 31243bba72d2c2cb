"""Builds every Redis name.

All keys of a room share one hash tag, `{room:ID}`, so that one script can use them all, on a
Cluster too. A script declares its keys by these names (see `script_library`).
"""

from collections.abc import Mapping
from typing import Final

ROOM_KEYS: Final = {
    "room": "hash: the room's fields, counters, seq, sub, epoch, Redis' replication id",
    "bus": "channel: what workers with viewers in this room listen to",
    "events": "stream: must-events as <seq>-0, private ones as <seq>-<sub>",
    "timeline": ("stream: facts of the room for replay and figures, <ms>-<n>, see `_timeline.lua`"),
    "actions": "stream: those facts of the timeline that somebody stands for, <ms>-<n>",
    "restoring": "string: the attempt that brings the room back, while it does",
    "moderators": "hash user -> ms: moderators of this room alone",
    "nudge": "string: written before waiting for copies, see `RoomStore`",
    "requests": "hash: requests with an Idempotency-Key and their answers, see `_answers.lua`",
    "requests_due": "zset: entries of `requests` by the ms they are forgotten",
    "asleep": "string: the mark under which the room sleeps; absent while it is awake",
}
"""The keys of a room that belong to no feature."""

ROOM_STREAMS: Final = ("timeline", "actions")
"""Those of them that the archive copies."""

HOST_KEYS: Final = {
    "rooms": "zset: the host's stream rooms by the ms they were created",
    "scheduled": "zset: the host's rooms that wait for their start, by the ms they were made",
    "nudge": "string: written before waiting for copies, see `RoomStore`",
    "requests": "hash: the sender's requests that are not about one room, as in a room",
    "requests_due": "zset: entries of `requests` by the ms they are forgotten",
}
"""The keys of a host that belong to no feature."""

SHARED_KEYS: Final = {
    "awake": (
        "zset: the rooms in which something can be due, by about the ms when they were last woken; "
        "each room that exists and has no key `asleep` is here"
    ),
    "woken": "string: the last score given in `awake`",
    "bans": "hash <user>\\n<room> -> Ban as JSON: who may not come in (see `store.bans`)",
    "ban_log": "stream: the changes of `bans`: f the field, b the ban, '' if it was lifted",
    "action_log": (
        "stream: what people at work did outside rooms, each as JSON in e, until the records have "
        "it (see `store.action_log`)"
    ),
}
"""The keys that scripts share between all rooms and that belong to no feature; they have one slot,
and rooms have others."""


class Keys:
    """Builds names under one prefix (`redis.key_prefix`).

    `room_keys`, `host_keys` and `shared_keys` map each name to what the key holds; any other name
    is refused.
    """

    __slots__ = ("host_keys", "prefix", "room_keys", "shared_keys")

    def __init__(
        self,
        prefix: str,
        room_keys: Mapping[str, str],
        host_keys: Mapping[str, str],
        shared_keys: Mapping[str, str] = SHARED_KEYS,
    ) -> None:
        self.prefix = prefix
        self.room_keys = room_keys
        self.host_keys = host_keys
        self.shared_keys = shared_keys

    def room(self, room_id: str, name: str) -> str:
        """Return the key `name` of a room."""
        if name not in self.room_keys:
            raise KeyError(
                f"{name!r} is no key of a room; its feature must declare it, with its meaning."
            )
        return f"{self.prefix}:{{room:{room_id}}}:{name}"

    def host(self, host: str, name: str) -> str:
        """Return the key `name` of a host; a host's keys outlive their rooms."""
        if name not in self.host_keys:
            raise KeyError(
                f"{name!r} is no key of a host; its feature must declare it, with its meaning."
            )
        return f"{self.prefix}:{{host:{host}}}:{name}"

    def shared(self, name: str) -> str:
        """Return the key `name` that all rooms share."""
        if name not in self.shared_keys:
            raise KeyError(
                f"{name!r} is no key that rooms share; its feature must declare it, with its "
                "meaning."
            )
        return f"{self.prefix}:{{all}}:{name}"

    def room_of(self, channel: str) -> str:
        """Return the room id in a key or channel of a room."""
        return channel[len(self.prefix) + len(":{room:") :].rsplit("}:", 1)[0]

    @property
    def rooms(self) -> str:
        """zset: the list of stream rooms by the ms they were created. It holds no room's state.

        A server of the version before listed fan groups here too, by the negative time.
        """
        return f"{self.prefix}:rooms"

    @property
    def groups(self) -> str:
        """zset: the list of fan groups' room ids by the ms they were created."""
        return f"{self.prefix}:groups"

    @property
    def unlisted(self) -> str:
        """zset: the ids of drafts and practice rooms, in no public list, by the ms of creation."""
        return f"{self.prefix}:unlisted"

    @property
    def lineup(self) -> str:
        """zset: the ids of `rooms` by their places, live ones first, see `rooms.lineup`."""
        return f"{self.prefix}:lineup"

    @property
    def awake(self) -> str:
        """zset: the index of the rooms that are awake, see `SHARED_KEYS`."""
        return self.shared("awake")

    @property
    def full_lap(self) -> str:
        """string: there while no lap over all rooms is needed, see `rooms.full_lap`."""
        return f"{self.prefix}:full_lap"

    @property
    def data_version(self) -> str:
        """string: the version of the data under this prefix, see `rooms.data_version`."""
        return f"{self.prefix}:data_version"

    @property
    def data_upgrade(self) -> str:
        """string: the lock of the process that upgrades the data."""
        return f"{self.prefix}:data_upgrade"

    @property
    def workers(self) -> str:
        """hash worker -> packed figures for the operator page (see `web.ops`)."""
        return f"{self.prefix}:workers"

    @property
    def sign_outs(self) -> str:
        """zset: users by the ms of their last sign-out everywhere (see `store.sign_outs`)."""
        return f"{self.prefix}:sign_outs"

    def ready(self, n: int) -> str:
        """string: a test write for readiness; each `n` may lie in another slot."""
        return f"{self.prefix}:ready:{n}"

    def worker(self, worker_id: str) -> str:
        """channel: the watchdog of one worker's bus connection."""
        return f"{self.prefix}:worker:{worker_id}"
