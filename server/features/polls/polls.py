"""Polls: opened by the host, voted on by viewers; counted in batches."""

import secrets
from typing import Any

from msgspec import Struct, msgpack

from server.features.polls.messages import Poll, PollClose, PollOk, PollOpen, Vote
from server.features.polls.settings import PollSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from server.text.folding import one_case


class _Outcome(Struct):
    """The outcome of one vote of a batch."""

    err: str = ""
    msg: str = ""


class UserVote(Struct, frozen=True):
    """The option that a user chose, counted from 0."""

    user: str
    option: int


class VotesPage(Struct, frozen=True):
    """Votes in no order; one may come twice. `next` is the `cursor` of the page after."""

    votes: list[UserVote]
    next: str | None = None


_VOTES = msgpack.Decoder(VotesPage)
_POLL = msgpack.Decoder(Poll)
_POLLS = msgpack.Decoder(list[Poll])
_OUTCOMES = msgpack.Decoder(list[_Outcome])


class Polls:
    """The commands about polls. The script decides which votes count."""

    def __init__(
        self, store: RoomStore, settings: Settings, metrics: Metrics | None = None
    ) -> None:
        self._store = store
        self._limits = settings.section(PollSettings)
        self._events_max = settings.rooms.event_stream_len_max
        self.votes: GroupCommit[dict[str, Any], _Outcome] = GroupCommit(
            "polls.vote",
            self._add,
            metrics,
            batch_max=settings.section(PollSettings).batch_max,
            waiting_max=settings.section(PollSettings).batch_waiting_max,
            interval_s=settings.bus.publish_interval_ms / 1000,
        )

    def handlers(self) -> Handlers:
        """The commands about polls and who may send them."""
        return {
            PollOpen: Handler(self.open, Role.HOST),
            PollClose: Handler(self.close, Role.HOST),
            Vote: Handler(self.vote, Role.VIEWER),
        }

    async def open(self, call: Call, cmd: PollOpen) -> Ok:
        """Open a poll; `ok` carries it."""
        limits = self._limits
        options = [shown_text("options", text, limits.option_chars_max) for text in cmd.options]
        if len(set(map(_as_compared, options))) < len(options):
            raise CommandError("bad_message", "Two of the options are the same.")
        args = {
            "poll": f"p{secrets.token_hex(6)}",
            "question": shown_text("question", cmd.question, limits.question_chars_max),
            "options": options,
            "lasts_s": cmd.lasts_s,
            "polls_max": limits.polls_max,
        }
        return await self._change("polls.open", call, cmd.ref, args)

    async def close(self, call: Call, cmd: PollClose) -> Ok:
        """Take no more votes; `ok` carries the poll."""
        return await self._change("polls.close", call, cmd.ref, {"poll": cmd.poll})

    async def vote(self, call: Call, cmd: Vote) -> Ok:
        """Choose an option; the same one again is fine, another one is not."""
        vote = {"poll": cmd.poll, "user": call.who.user, "option": cmd.option}
        outcome = await self.votes.submit(call.room_id, vote)
        if outcome.err:
            raise CommandError(outcome.err, outcome.msg)
        return Ok(ref=cmd.ref)

    async def all(self, room_id: str) -> list[Poll]:
        """The room's polls with their votes, in the order they were opened."""
        return await self._store.run_script("polls.all", room_id, {}, _POLLS)

    async def votes_in(self, room_id: str, poll: str, place: str, limit: int) -> VotesPage:
        """About `limit` votes in a poll after a place, '' to begin. Raises CommandError."""
        args = {"poll": poll, "place": place, "limit": limit}
        return await self._store.run_script("polls.list_votes", room_id, args, _VOTES)

    async def _change(self, script: str, call: Call, ref: int, args: dict[str, Any]) -> Ok:
        args |= {"by": call.who.user, "events_max": self._events_max}
        poll = await self._store.run_script(script, call.room_id, args, _POLL)
        return PollOk(ref=ref, poll=poll)

    async def _add(self, room_id: str, votes: list[dict[str, Any]]) -> list[_Outcome]:
        args = {"votes": votes, "events_max": self._events_max}
        return await self._store.run_script("polls.vote", room_id, args, _OUTCOMES)


def _as_compared(option: str) -> str:
    """Without what tells apart to a computer only: width, case, spaces at the ends."""
    return one_case(option).strip()
