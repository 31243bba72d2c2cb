"""Reviews: written by buyers, answered once by the owner of the goods, hidden by the operator."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct, msgpack
from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.actions.moderation_log import note_action
from server.features.orders.messages import Line, Order
from server.features.reviews.settings import ReviewSettings
from server.features.reviews.tables import REVIEWS
from server.features.rules.rules import Rules
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.records.database import Database
from server.records.forgotten import FORGOTTEN
from server.records.upsert import insert_into
from server.rooms.plain_text import shown_text
from server.store.action_log import Action

PICTURES_MAX = 9
HELD = "word"
"""The reason of a review that waits for the operator because of a word in it."""
Stars = Annotated[int, Meta(ge=1, le=5)]
Picture = Annotated[str, Meta(max_length=2000, pattern=r"^https://[^\s/]\S*$(?!\n)")]
_PICTURES = msgpack.Decoder(list[str])
_NONE = msgpack.encode([])


class ReviewBody(Input, frozen=True):
    """What a buyer says of a line: 1 to 5 `stars`, a text, pictures by their links."""

    stars: Stars
    text: Annotated[str, Meta(max_length=10_000)] = ""
    pictures: Annotated[tuple[Picture, ...], Meta(max_length=PICTURES_MAX)] = ()


class AnswerBody(Input, frozen=True):
    """Carries the answer of the owner of the goods."""

    text: Annotated[str, Meta(max_length=10_000)]


class HideBody(Input, frozen=True):
    """Why a review is hidden; author and owner of the goods are told."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class Review(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a buyer says of a product. Times in Unix ms.

    `name` is masked. `earlier`: it is about this sku, which the product replaces. `changed` and
    `answered` are absent until then.
    """

    review: str
    sku: str
    title: str
    name: str
    stars: int
    at: int
    text: str = ""
    pictures: list[str] = []
    changed: int = 0
    answer: str = ""
    answered: int = 0
    earlier: str = ""


class OwnReview(Review, frozen=True, kw_only=True, omit_defaults=True):
    """The same for its author and for who owns the goods: which order it is about, and the
    operator's reason for hiding it; `word`: the operator must read it first."""

    room: str
    order: str
    sale: str
    host: str
    hidden: str = ""


class Owner(NamedTuple):
    """The owner of goods: a host, or a merchant."""

    host: str = ""
    merchant: str = ""

    def goods(self) -> ColumnElement[bool]:
        """Return which reviews are about their goods."""
        own = (REVIEWS.c.merchant == "") & (REVIEWS.c.host == (self.host or self.merchant))
        return own | (REVIEWS.c.merchant == self.merchant) if self.merchant else own


class Reviews:
    """Writes, answers and hides reviews. Methods raise CommandError, RecordsAway."""

    def __init__(self, records: Database, settings: ReviewSettings, rules: Rules) -> None:
        self._records = records
        self._settings = settings
        self._rules = rules
        self.on_change: Callable[[], None] = lambda: None
        """Called after each change; set it once."""

    async def put(self, order: Order, host: str, sale: str, body: ReviewBody) -> OwnReview:
        """Write the review of a line, or change it while there is time."""
        line, now = self._line(order, sale), unix_ms()
        text = self._clean("text", body.text) if body.text.strip() else ""
        verdict = self._rules.server_verdict(text)
        if verdict == "block":
            raise CommandError(
                "forbidden", "A word in this review is not allowed here; say it in other words."
            )
        merchant = "" if line.merchant == host else line.merchant
        said = {
            "stars": body.stars, "text": text, "pictures": msgpack.encode(body.pictures),
            "hidden": HELD if verdict == "hold" else "",
        }  # fmt: skip
        id_ = review_id(order.room, order.order, sale)
        async with self._records.writing() as connection:
            made = insert_into(connection, REVIEWS).values(
                review=id_, room=order.room, order=order.order, sale=sale, host=host, sku=line.sku,
                merchant=merchant, goods=line.goods if merchant else "", title=line.title,
                user=order.user, name=order.name, at=now, changed=0, answer="", answered=0, **said,
            )  # fmt: skip
            made = made.on_conflict_do_nothing().returning(REVIEWS.c.review)
            is_new = (await connection.scalar(made)) is not None
            known = await _locked(connection, REVIEWS.c.review == id_)
            assert known is not None
            if is_new:
                if now > (order.paid or order.updated) + self._settings.write_s * 1000:
                    raise CommandError(
                        "expired", "The time to review this order is over."
                    )  # the transaction ends without the row
            elif any(
                _stored(known, name) != value for name, value in said.items() if name != "hidden"
            ):
                self._must_be_new(known.at, now)
                said["hidden"] = said["hidden"] or _kept_reason(known.hidden)
                changed = update(REVIEWS).where(REVIEWS.c.review == id_)
                await connection.execute(changed.values(changed=now, **said))
            row = (await connection.execute(select(REVIEWS).where(REVIEWS.c.review == id_))).one()
        self.on_change()
        return own_review(row)

    async def answer(self, owner: Owner, review: str, text: str) -> OwnReview:
        """Answer a review once; the same answer again is the same as once."""
        clean, now = self._clean("text", text), unix_ms()
        if self._rules.server_verdict(clean) is not None:
            raise CommandError(
                "forbidden", "A word in this answer is not allowed here; say it in other words."
            )
        async with self._records.writing() as connection:
            known = await _locked(connection, (REVIEWS.c.review == review) & owner.goods())
            if known is None:
                raise _no_review(review, "of your goods")
            if known.answered and known.answer != clean:
                raise CommandError(
                    "conflict", "This review was answered already, once and for all."
                )
            row = known
            if not known.answered:
                row = await _changed(connection, review, answer=clean, answered=now)
        self.on_change()
        return own_review(row)

    async def hide(self, review: str, reason: str, by: str) -> OwnReview:
        """Hide a review from everybody but its author and the owner of the goods, who see why; with
        an empty reason show it again. The log says `by` whom."""
        clean = self._clean("reason", reason) if reason else ""
        async with self._records.writing() as connection:
            known = await _locked(connection, REVIEWS.c.review == review)
            if known is None:
                raise _no_review(review, "")
            row = await _changed(connection, review, hidden=clean)
            what, reason = ("hide_review", clean) if clean else ("show_review", known.hidden)
            about = known.room, known.user, review, {"reason": reason}
            await note_action(connection, Action(unix_ms(), by, what, *about))
        self.on_change()
        return own_review(row)

    def _line(self, order: Order, sale: str) -> Line:
        """The line of an order that its buyer may review."""
        line = next((each for each in order.lines if each.sale == sale), None)
        if line is None:
            raise CommandError("not_found", f"The order has nothing of the sale `{sale}`.")
        if order.status != "paid" or order.practice or line.returned >= line.qty:
            what: str = "returned" if order.status == "paid" else order.status
            what = "made in a practice" if order.practice else what
            raise CommandError(
                "conflict", f"What was bought is {what}; only what is paid and kept is reviewed."
            )
        if not self._settings.write_s:
            raise CommandError("forbidden", "This shop has no reviews.")
        return line

    def _must_be_new(self, at: int, now: int) -> None:
        if now > at + self._settings.edit_s * 1000:
            days = self._settings.edit_s // 86_400
            raise CommandError(
                "expired", f"A review can be changed for {days} days; this one is older."
            )

    def _clean(self, name: str, text: str) -> str:
        return shown_text(name, text, self._settings.text_chars_max)


def review_id(room: str, order: str, sale: str) -> str:
    """Return the id of the one review of a line."""
    name = "\n".join((room, order, sale))
    return f"v{hashlib.blake2s(name.encode(), digest_size=10).hexdigest()}"


def masked(name: str) -> str:
    """Return a name of which everybody may see the first letter."""
    return f"{name[:1]}**"


def review_of(row: Any, earlier: str = "") -> Review:
    """Return the review that a row tells, as everybody sees it."""
    return Review(**_shown(row), earlier=earlier)


def own_review(row: Any) -> OwnReview:
    """Return the review that a row tells, for who has to do with it."""
    own = {name: getattr(row, name) for name in ("room", "order", "sale", "host", "hidden")}
    return OwnReview(**_shown(row), **own)


async def forget_reviews(connection: AsyncConnection, user: str) -> None:
    """Put the pseudonym in the place of an author, host or merchant. An author's words and pictures
    go, the stars stay."""
    asked = select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.user == user)
    gone = await connection.scalar(asked) or ""
    author = update(REVIEWS).where(REVIEWS.c.user == user)
    await connection.execute(author.values(user=gone, name="", text="", pictures=_NONE))
    for of in ("host", "merchant"):
        await connection.execute(update(REVIEWS).where(REVIEWS.c[of] == user).values({of: gone}))


def _shown(row: Any) -> dict[str, Any]:
    names = (
        "review", "sku", "title", "stars", "text", "at", "changed", "answer", "answered",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names} | {
        "name": masked(row.name), "pictures": _PICTURES.decode(row.pictures),
    }  # fmt: skip


def _stored(row: Row[Any], name: str) -> Any:
    value = getattr(row, name)
    return bytes(value) if isinstance(value, memoryview) else value


def _kept_reason(hidden: str) -> str:
    """Return the reason that a changed review keeps: an operator's, not that of a word."""
    return "" if hidden == HELD else hidden


async def _locked(connection: AsyncConnection, which: ColumnElement[bool]) -> Row[Any] | None:
    asked = select(REVIEWS).where(which).with_for_update()
    return (await connection.execute(asked)).first()


async def _changed(connection: AsyncConnection, review: str, **values: Any) -> Row[Any]:
    which = REVIEWS.c.review == review
    await connection.execute(update(REVIEWS).where(which).values(**values))
    return (await connection.execute(select(REVIEWS).where(which))).one()


def _no_review(review: str, whose: str) -> CommandError:
    return CommandError("not_found", f"There is no review `{review}` {whose}".strip() + ".")
