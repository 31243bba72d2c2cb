"""What is said and heard of asks: commands, events, and the nouns in them."""

from typing import ClassVar, Literal

from msgspec import Struct

from server.features.comments.messages import CommentOk
from server.features.shelf.messages import Product
from server.protocol.fields import Id, Sku, Text
from server.protocol.message import Command, Delivery, Event, Ok


class Card(Struct, frozen=True, omit_defaults=True):
    """The answer to who asked for the link: the product, and what it can be bought in.

    `by` says how it was found: its number on the shelf, words of its title, or the pin. `sale` is
    the sale that is open, or will be; empty if there is none.
    """

    product: Product
    by: Literal["number", "words", "pin", "sku"]
    sale: str = ""


QuestionStatus = Literal["open", "answering", "answered", "dropped"]


class Question(Struct, frozen=True, omit_defaults=True):
    """What viewers want to know of a product. The same question of many is one, `asked` by so many.

    `sku` is empty when it is about no product. `topic` is one of the rules file's, `other` for the
    rest. `user` and `name` are who asked first; both are empty for others but the staff if that
    was by the button and never said aloud.
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


class Ask(Command, tag="ask", frozen=True, kw_only=True):
    """Ask about one product: for its link, or with `text` a question."""

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
    """Told to host and moderators: how many asked for the link, by sku; "" for no product."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    counts: dict[str, int]


class QueueEvent(Event, tag="queue", frozen=True, kw_only=True):
    """Told to host and moderators: the open questions, the most asked first."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    questions: list[Question]


class QuestionOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The question as it is now."""

    question: Question


class AskOk(CommentOk, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a comment or a button that asks: the product's card, known answers, or
    the question that waits now.

    Of a comment it is the reply to the comment too.
    """

    card: Card | None = None
    answers: list[Question] | None = None
    question: Question | None = None
