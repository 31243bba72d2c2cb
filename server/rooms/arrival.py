"""A member joining a room, from the `join` command to its reply."""

from collections.abc import Callable, Mapping
from typing import Any

from server.access.auth import Identity
from server.hub.member import Member
from server.protocol.joining import Join, Mine
from server.protocol.message import Event
from server.rooms.own import OwnPart


class Arrival:
    """A member whose join is not yet answered. Holds the private events that come meanwhile."""

    __slots__ = ("enter", "held", "join", "member", "own", "who")

    def __init__(
        self,
        member: Member,
        who: Identity,
        join: Join,
        enter: Callable[[Any], None],
    ) -> None:
        self.member = member
        self.who = who
        self.join = join
        """The command to answer."""
        self.enter = enter
        """Called with the room when the reply is written: the member is in the audience then."""
        self.own: OwnPart | None = None
        """The user's own earlier actions in the room; None for a guest."""
        self.held: list[Event] = []

    @property
    def mine(self) -> Mine | None:
        """The field `mine` of the reply."""
        return self.own and self.own.mine

    @property
    def beside(self) -> Mapping[str, Any]:
        """The other fields of the reply about this user; empty for a guest."""
        return self.own.beside if self.own else {}

    def owed(self) -> list[Event]:
        """The held events that the reply, read in the meantime, does not already contain."""
        owed: list[Event] = []
        for event in self.held:
            kind = type(event)
            listed = self._listed(kind).get(_id_of(event)) if kind.listed_in else None
            if listed is not None and kind.version:
                noun = getattr(event, kind.noun)
                if getattr(noun, kind.version) < getattr(listed, kind.version):
                    continue
            if listed is not None and getattr(event, kind.noun) == listed:
                # The held events before this one are older than the reply too. The check above
                # misses two: an order's within the same millisecond, and a claim's at any time.
                owed = [e for e in owed if type(e) is not kind or _id_of(e) != _id_of(event)]
            else:
                owed.append(event)
        return owed

    def _listed(self, kind: type[Event]) -> dict[str, Any]:
        if self.own is None:
            return {}
        things = self.own.beside.get(kind.listed_in)
        if things is None:
            things = getattr(self.own.mine, kind.listed_in)
        return {getattr(thing, kind.noun): thing for thing in things}


def _id_of(event: Event) -> str:
    noun = type(event).noun
    return str(getattr(getattr(event, noun), noun))
