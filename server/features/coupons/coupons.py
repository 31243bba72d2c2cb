"""Coupons: opened and closed by the host, claimed by viewers; `orders` uses them up."""

import secrets
from typing import Any

from msgspec import Struct, msgpack

from server.features.circles.belonging import Belonging
from server.features.coupons.messages import (
    Claim,
    ClaimOk,
    Coupon,
    CouponClaim,
    CouponClose,
    CouponOk,
    CouponOpen,
)
from server.features.coupons.settings import CouponSettings
from server.features.shelf.settings import PriceSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics


class _Outcome(Struct):
    """The outcome of one request for a coupon: a claim, or a refusal."""

    claim: Claim | None = None
    err: str = ""
    msg: str = ""
    retry_ms: int | None = None


_COUPON = msgpack.Decoder(Coupon)
_OUTCOMES = msgpack.Decoder(list[_Outcome])


class Coupons:
    """The commands about coupons. The scripts decide who gets one and how much it takes off."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        belonging: Belonging,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._limits = settings.section(CouponSettings)
        self._price_max = settings.section(PriceSettings).price_max
        self._key_chars_max = settings.orders.key_chars_max
        self._events_max = settings.rooms.event_stream_len_max
        self._belonging = belonging
        self._claims: GroupCommit[dict[str, Any], _Outcome] = GroupCommit(
            "coupons.claim",
            self._claim_batch,
            metrics,
            batch_max=settings.section(CouponSettings).batch_max,
            waiting_max=settings.section(CouponSettings).batch_waiting_max,
        )

    def handlers(self) -> Handlers:
        """The commands about coupons and who may send them."""
        return {
            CouponOpen: Handler(self.open, Role.HOST),
            CouponClose: Handler(self.close, Role.HOST),
            CouponClaim: Handler(self.claim, Role.VIEWER),
        }

    async def open(self, call: Call, cmd: CouponOpen) -> Ok:
        """Open a coupon; `ok` carries it."""
        self._check(cmd)
        args = {
            "coupon": f"cp{secrets.token_hex(6)}",
            "title": shown_text("title", cmd.title, self._limits.title_chars_max),
            "currency": cmd.currency,
            "quota": cmd.quota,
            "per_user": cmd.per_user,
            "audience": cmd.audience,
            "starts_in_s": cmd.starts_in_s,
            "lasts_s": cmd.lasts_s,
            "amount": cmd.amount,
            "percent": cmd.percent,
            "floor": cmd.floor,
            "skus": cmd.skus,
            "coupons_max": self._limits.coupons_max,
        }
        return await self._change("coupons.open", call, cmd.ref, args)

    async def close(self, call: Call, cmd: CouponClose) -> Ok:
        """Give out no more of a coupon; `ok` carries it."""
        return await self._change("coupons.close", call, cmd.ref, {"coupon": cmd.coupon})

    async def _change(self, script: str, call: Call, ref: int, args: dict[str, Any]) -> Ok:
        args |= {"by": call.who.user, "events_max": self._events_max}
        coupon = await self._store.run_script(script, call.room_id, args, _COUPON)
        return CouponOk(ref=ref, coupon=coupon)

    async def claim(self, call: Call, cmd: CouponClaim) -> Ok:
        """Take one coupon; `ok` carries the claim.

        The id is made here, so that running the script twice makes one claim.
        """
        if len(cmd.key) > self._key_chars_max:
            raise CommandError("too_long", f"`key` can have {self._key_chars_max} characters.")
        user = call.who.user
        wish = {
            "user": user,
            "coupon": cmd.coupon,
            "claim": f"cl{secrets.token_hex(10)}",
            # As in `orders.buy_of`; the word in front keeps it apart from the keys of buys.
            "once": f"claim/{len(user.encode())}:{user}/{cmd.key}",
        }
        outcome = await self._claims.submit(call.room_id, wish)
        if outcome.claim is None:
            raise CommandError(outcome.err, outcome.msg, outcome.retry_ms)
        return ClaimOk(ref=cmd.ref, claim=outcome.claim)

    async def aclose(self) -> None:
        """Wait until every claim that was handed in has its answer."""
        await self._claims.aclose()

    async def _claim_batch(self, room_id: str, wishes: list[dict[str, Any]]) -> list[_Outcome]:
        await self._belonging.mark(room_id, "coupon", wishes)
        args = {"claims": wishes, "events_max": self._events_max}
        return await self._store.run_script("coupons.claim", room_id, args, _OUTCOMES)

    def _check(self, cmd: CouponOpen) -> None:
        if (cmd.amount > 0) == (cmd.percent > 0):
            raise CommandError("bad_message", "Name either an `amount` or a `percent` off.")
        if cmd.amount and cmd.amount >= cmd.floor:
            raise CommandError(
                "bad_message", "`floor` must be more than `amount`: an order can't become free."
            )
        limits = self._limits
        for field, value, most in (
            ("quota", cmd.quota, limits.quota_max),
            ("per_user", cmd.per_user, limits.per_user_max),
            ("floor", cmd.floor, self._price_max),
            ("skus", len(cmd.skus), limits.skus_max),
        ):
            if value > most:
                raise CommandError("limit_reached", f"`{field}` can be at most {most} here.")
