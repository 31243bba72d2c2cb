"""The events of one tick, and the frames that carry them to an audience."""

from collections.abc import Sequence
from enum import Enum

from server.hub.member import Variant
from server.protocol.codec import CODECS, Encoding
from server.protocol.message import Event, GapEvent


class Share(Enum):
    """The share of a tick that a member gets."""

    ALL = "hosts and moderators: every comment, and what they alone are told"
    BUDGET = "viewers: the comments chosen within their budget, and a gap for the rest"
    MUST = "members that are behind: must-events only"


class Tick:
    """The events gathered for one pass. Each message is encoded once per encoding and each frame
    built once per variant and share, for any number of members.

    `sampled` has all comments and ticker lines; `chosen` has those within the budget; `lost` counts
    comments that never reached this worker. `staff_sampled` is `sampled` with the sampled events
    for hosts and moderators only, in their places (None if there are none). `staff_latest` has the
    values for hosts and moderators only.
    """

    __slots__ = (
        "_chosen",
        "_deflate_from",
        "_frames",
        "_latest",
        "_must",
        "_parts",
        "_sampled",
        "_shares",
        "_staff_comments",
        "comments",
        "for_staff_alone",
    )

    def __init__(
        self,
        must: Sequence[Event],
        latest: Sequence[Event],
        sampled: Sequence[Event],
        chosen: Sequence[Event],
        lost: int,
        deflate_from: int,
        staff_sampled: Sequence[Event] | None = None,
        staff_latest: Sequence[Event] = (),
    ) -> None:
        self.comments = lost + _comments(sampled)
        self._staff_comments = (
            self.comments if staff_sampled is None else lost + _comments(staff_sampled)
        )
        self.for_staff_alone = not (must or latest or sampled or lost)
        self._must, self._latest, self._sampled, self._chosen = must, latest, sampled, chosen
        left_out = self.comments - _comments(chosen)
        self._shares: dict[Share, Sequence[Event]] = {
            Share.ALL: [
                *must,
                *_gap(lost),
                *(sampled if staff_sampled is None else staff_sampled),
                *latest,
                *staff_latest,
            ],
            Share.BUDGET: [*must, *_gap(left_out), *chosen, *latest],
            Share.MUST: must,
        }
        self._deflate_from = deflate_from
        self._parts: dict[tuple[Encoding, int], bytes] = {}
        self._frames: dict[tuple[Variant, Share], bytes] = {}

    def comments_of(self, *, exempt: bool) -> int:
        """Return the number of comments for an exempt or other member, shown or not."""
        return self._staff_comments if exempt else self.comments

    def comments_shown(self, share: Share) -> int:
        """Return the number of comments in the frame of this share."""
        return _comments(self._shares[share])

    def users_left_out(self) -> set[str]:
        """Return the users for whom comments are meant that were not chosen: their authors, and
        whom they answer."""
        if len(self._chosen) == len(self._sampled):
            return set()
        chosen = {id(event) for event in self._chosen}
        left_out = (e for e in self._sampled if e.counted and id(e) not in chosen)
        return {user for event in left_out for user in event.meant_for()}

    def frame(self, variant: Variant, share: Share) -> bytes:
        """Return the frame for this variant and share; empty if it would carry nothing."""
        frame = self._frames.get((variant, share))
        if frame is None:
            frame = self._frames[variant, share] = self._build(variant, self._shares[share])
        return frame

    def payload(self, encoding: Encoding, share: Share) -> bytes:
        """Return what the frame of this share carries, not compressed; empty if nothing."""
        events = self._shares[share]
        if not events:
            return b""
        return CODECS[encoding].array([self._part(encoding, event) for event in events])

    def is_empty(self, share: Share) -> bool:
        """Whether it has nothing for this share."""
        return not self._shares[share]

    def frame_with_own(self, variant: Variant, user: str) -> bytes:
        """Return a frame for a viewer for whom comments are meant that were not chosen; puts them
        back."""
        chosen = {id(event) for event in self._chosen}
        mine = [e for e in self._sampled if id(e) in chosen or user in e.meant_for()]
        left_out = self.comments - _comments(mine)
        return self._build(variant, [*self._must, *_gap(left_out), *mine, *self._latest])

    def _build(self, variant: Variant, events: Sequence[Event]) -> bytes:
        if not events:
            return b""
        parts = [self._part(variant.encoding, event) for event in events]
        deflate_from = self._deflate_from if variant.deflate else None
        seq = _last_seq(events) if variant.epoch else None
        return variant.frame(parts, seq=seq, deflate_from=deflate_from)

    def _part(self, encoding: Encoding, event: Event) -> bytes:
        if type(event) is GapEvent:
            return CODECS[encoding].encode(event)  # never cached: a freed event's id() is reused
        key = (encoding, id(event))
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = CODECS[encoding].encode(event)
        return part


def _comments(events: Sequence[Event]) -> int:
    return sum(event.counted for event in events)


def _last_seq(events: Sequence[Event]) -> int | None:
    """Return the place in the room's story after these events; None if they have none."""
    return max((event.seq for event in events if event.seq is not None), default=None)


def _gap(comments: int) -> list[Event]:
    return [GapEvent(comments=comments)] if comments > 0 else []
