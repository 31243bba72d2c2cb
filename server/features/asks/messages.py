"""The messages about asks: commands, events, and the structs inside them."""

from typing import ClassVar, Literal

from msgspec import Struct

from server.features.comments.messages import CommentOk
from server.features.coupons.messages import Coupon
from server.features.shelf.messages import Product, Proof
from server.protocol.fields import Id, Sku, Text
from server.protocol.message import Command, Delivery, Event, Ok


class Card(Struct, frozen=True, omit_defaults=True):
    """The answer to an ask for a link: the product, and the sale in which it can be bought.

    `by` says how the product was found: its number on the shelf, words of its title, or the pin.
    `sale` is the open or the next sale; empty if there is none.
    """

    product: Product
    by: Literal["number", "words", "pin", "sku"]
    sale: str = ""


QuestionStatus = Literal["open", "answering", "answered", "dropped"]


class Carried(Struct, frozen=True, omit_defaults=True):
    """Whence an open question comes: an earlier stream of the host, where it was about `sku`."""

    room: str
    title: str
    sku: str


class EarlierAnswer(Struct, frozen=True, omit_defaults=True):
    """What the host answered to the same question about `sku`, of which the product is the newer
    version; in the stream `room`."""

    sku: str
    room: str
    answer: str


class Deal(Struct, frozen=True, omit_defaults=True):
    """What a product costs now, in minor units: in the open sale, else on the shelf.

    `was` is the lowest price of 30 days if the sale is below it, `two` what two units cost; both 0
    if not so.
    `coupons` are those that can be claimed now and are for it.
    """

    price: int
    currency: str
    was: int = 0
    two: int = 0
    coupons: list[Coupon] = []


class Question(Struct, frozen=True, omit_defaults=True):
    """A viewers' question about a product. Equal questions are one; `asked` counts the askers.

    `sku` is empty if the question is about no product. `topic` is a topic of the rules file, else
    `other`. `user` and `name` are the first asker. If that user asked by the button, only the
    staff gets these two; for others they are empty. Only the staff gets `carried` and `earlier`.
    `source` says that the product or its sale gave the answer; in the queue, that all who asked
    got it. `proofs` and `deal` are such an answer.
    """

    question: str
    sku: str
    topic: str
    text: str
    user: str
    name: str
    asked: int
    status: QuestionStatus
    at: int
    answer: str = ""
    carried: Carried | None = None
    earlier: EarlierAnswer | None = None
    source: Literal["", "product", "sale"] = ""
    proofs: tuple[Proof, ...] = ()
    deal: Deal | None = None


class Ask(Command, tag="ask", frozen=True, kw_only=True):
    """Ask for a product's link or, with `text`, ask a question about it."""

    sku: Sku
    text: Text = ""


class QuestionTake(Command, tag="question.take", frozen=True, kw_only=True):
    """Show the room that this question is being answered."""

    question: Id


class QuestionAnswer(Command, tag="question.answer", frozen=True, kw_only=True):
    """Answer a question; the answer stays with the product."""

    question: Id
    text: Text


class QuestionDrop(Command, tag="question.drop", frozen=True, kw_only=True):
    """Take a question out of the queue, or an answer off its product."""

    question: Id


class QuestionEvent(Event, tag="question", frozen=True, kw_only=True, omit_defaults=True):
    """A question is being answered, was answered, went back to the queue, or was dropped."""

    question: Question


class AsksEvent(Event, tag="asks", frozen=True, kw_only=True):
    """For host and moderators: the number of asks for a link by sku; "" stands for no product."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    counts: dict[str, int]


class QueueEvent(Event, tag="queue", frozen=True, kw_only=True):
    """For host and moderators: the open questions, most asked first."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    questions: list[Question]


class QuestionOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The question as it is now."""

    question: Question


class AskOk(CommentOk, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The reply to an ask by comment or button: the product's card, known answers, or the queued
    question. To a comment, it is also the `ok` of the comment itself.
    """

    card: Card | None = None
    answers: list[Question] | None = None
    question: Question | None = None
