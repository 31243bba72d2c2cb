"""Decides whether a viewer may use the ask button.

An ask in words must obey the rules for comments: mutes, followers only, slow mode and blocked
words. An ask for the link has no words, so only a mute forbids it.
"""

from typing import Any, NamedTuple

import msgspec

from server.features.asks.settings import AskSettings
from server.features.circles.belonging import Belonging
from server.features.rules.rules import RoomRules, Rules
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms.call import Call
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

BATCH_MAX = 500


class _Outcome(msgspec.Struct):
    """The outcome of one ask of a batch; `shadow`: only the asker may notice the ask; `staff`: the
    asker moderates here."""

    err: str = ""
    msg: str = ""
    retry_ms: int | None = None
    shadow: bool = False
    staff: bool = False


class Permit(NamedTuple):
    """Whether the room may notice an ask, and whether it counts as a viewer's wish."""

    seen: bool
    counts: bool


_OUTCOMES = msgspec.msgpack.Decoder(list[_Outcome])


class Permits:
    """Checks asks by the button: this class finds blocked words, the script decides."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        metrics: Metrics,
        rules: Rules,
        belonging: Belonging,
    ) -> None:
        self._store = store
        self._rules = rules
        self._belonging = belonging
        self.batches: GroupCommit[dict[str, Any], _Outcome] = GroupCommit(
            "asks.allow",
            self._judge,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=settings.section(AskSettings).batch_waiting_max,
        )

    async def ask(self, call: Call, text: str = "") -> Permit:
        """Check an ask for `text` or, without it, for the link.

        Nobody notices one in a shadow mute, and those who moderate want nothing. Raises
        CommandError if the caller may not ask.
        """
        asked = {"user": call.who.user, "role": call.who.role.value, "text": text}
        outcome = await self.batches.submit(call.room_id, asked)
        if outcome.err:
            raise CommandError(outcome.err, outcome.msg, outcome.retry_ms)
        return Permit(not outcome.shadow, not outcome.shadow and not outcome.staff)

    async def _judge(self, room_id: str, asks: list[dict[str, Any]]) -> list[_Outcome]:
        async def by(rules: RoomRules) -> list[_Outcome] | None:
            return await self._judge_by(rules, room_id, asks)

        return await self._rules.judged(room_id, by)

    async def _judge_by(
        self, rules: RoomRules, room_id: str, asks: list[dict[str, Any]]
    ) -> list[_Outcome] | None:
        """The outcomes under these rules; None if the room's rules have changed since."""
        said = {ask["user"] for ask in asks if ask["text"]} if rules.followers_only else set()
        followers = await self._belonging.users_in(room_id, "followers", said)
        judged = []
        for ask in asks:
            text, user, role = ask["text"], ask["user"], ask["role"]
            word = rules.verdict(text) if text and role == Role.VIEWER else None
            judged.append(
                {
                    "user": user,
                    "role": role,
                    "says": bool(text),
                    "word": word,
                    "follows": user in followers,
                }
            )
        args = {"asks": judged, "rules_ver": rules.ver}
        outcomes = await self._store.run_script("asks.allow", room_id, args, _OUTCOMES)
        return None if outcomes and outcomes[0].err == "stale" else outcomes
