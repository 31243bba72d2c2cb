"""The question being answered, and the answered ones, in the copy of a room."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from server.features.asks.messages import Question, QuestionEvent
from server.protocol.message import Event
from server.rooms.part import Part

ANSWERS_MAX = 100
"""Most answered questions in a snapshot; the oldest are dropped first."""


class _Questions(Struct):
    question: Question | None = None
    answers: list[Question] = []


class QuestionsPart(Part):
    """`question` is the one being answered now, `answers` those answered, the oldest first."""

    Loaded = View = _Questions

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.question: Question | None = loaded.question
        self.answers: dict[str, Question] = {each.question: each for each in loaded.answers}

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {QuestionEvent: self._question}

    def view(self) -> Mapping[str, Any]:
        return {"question": self.question, "answers": list(self.answers.values())}

    def _question(self, event: QuestionEvent) -> None:
        new = event.question
        if new.status == "answering":
            self.question = new
        elif self.question is not None and self.question.question == new.question:
            self.question = None
        self.answers.pop(new.question, None)
        if new.status == "answered":
            self.answers[new.question] = new
            if len(self.answers) > ANSWERS_MAX:
                del self.answers[next(iter(self.answers))]
