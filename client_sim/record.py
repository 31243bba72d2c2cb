"""The record that all witnesses of a run share: the room's events, to compare theirs with."""

from collections import Counter

from cachetools import FIFOCache

from client_sim.checks import Findings
from client_sim.client.observer import Observer
from client_sim.client.state import Position
from client_sim.client.wire import Message

COMMENTS_KEPT_MAX = 200_000
EVENTS_KEPT_MAX = 20_000


class Record:
    """The room's must-events by position, its comments in order, and each sale's allocations."""

    def __init__(self) -> None:
        self.events: FIFOCache[Position, Message] = FIFOCache(EVENTS_KEPT_MAX)
        self.allocated: dict[str, set[int]] = {}
        self.comments_known = False  # an auditor heard every comment since it joined
        self.from_first_comment = False  # and nothing was said before that
        self.comments_said = 0
        self.comments_removed = 0
        self.shadowed: Counter[str] = Counter()  # comments only their author and staff see
        self._place: FIFOCache[str, int] = FIFOCache(COMMENTS_KEPT_MAX)
        self._by_user: Counter[str] = Counter()

    def event(self, at: Position, event: Message) -> Message:
        """The first telling of the event at this place: this one, if nobody told it before."""
        return self.events.setdefault(at, event)

    def comment(self, comment_id: str, user: str) -> None:
        """The auditor heard this comment."""
        self._by_user[user] += 1
        self.comments_said += 1
        self._place[comment_id] = self.comments_said

    def removed(self, user: str | None) -> None:
        """One comment was taken back, or all of one user's."""
        self.comments_removed += 1 if user is None else self._by_user[user]

    def said_after(self, comment_id: str | None) -> int | None:
        """Comments said after this one (None: since the start); None if that can't be known."""
        if not self.comments_known:
            return None
        if comment_id is None:
            return self.comments_said if self.from_first_comment else None
        place = self._place.get(comment_id)
        return None if place is None else self.comments_said - place


class Auditor(Observer):
    """Watches as a moderator, who gets every comment, and writes the record of them."""

    def __init__(self, record: Record, findings: Findings, who: str) -> None:
        self._record = record
        self._findings = findings
        self._who = who
        self._joins = 0

    def joined(
        self,
        asked: Position | None,  # noqa: ARG002 - each join counts alike
        reply: Message,
    ) -> None:
        """Only one unbroken connection hears every comment."""
        self._joins += 1
        comments = reply["room"].get("comments", [])
        self._record.comments_known = self._joins == 1
        self._record.from_first_comment = not comments
        for comment in comments:
            self._record.comment(comment["id"], comment["user"])

    def event(self, event: Message) -> None:
        """Write comments down."""
        match event["t"]:
            case "comment" if event.get("shadow"):
                self._record.shadowed[event["user"]] += 1
            case "comment":
                self._findings.looked["all_comments"] += 1
                self._record.comment(event["id"], event["user"])
            case "gap":
                self._findings.fail(
                    "all_comments", self._who, f"{event['comments']} comments were left out"
                )
            case "removed":
                self._record.removed(event.get("user"))
