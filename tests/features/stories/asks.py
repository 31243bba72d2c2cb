"""Ann asks, the host takes, answers and drops; Ben asks for the link."""

import msgspec

from server.features.asks.messages import Ask, QuestionAnswer, QuestionDrop, QuestionTake
from server.features.comments.messages import Comment
from server.features.shelf.messages import ProofInput, ShelfPut
from tests.features.stage import ANN, BEN, MUG, Stage


async def tell(stage: Stage) -> None:
    await stage.do(ShelfPut(ref=1, product=MUG))
    first = (await stage.do(Ask(ref=1, sku="mug", text="can it go into the oven?"), ANN)).question
    second = (await stage.do(Ask(ref=1, sku="mug", text="how heavy is it?"), BEN)).question
    await stage.do(QuestionTake(ref=1, question=first.question))
    await stage.do(QuestionAnswer(ref=1, question=first.question, text="Yes, it can."))
    await stage.do(QuestionTake(ref=1, question=second.question))
    await stage.do(QuestionDrop(ref=1, question=second.question))
    await stage.do(Comment(ref=1, text="mug link please"), BEN)
    proved = msgspec.structs.replace(MUG, proofs=(ProofInput("Kiln mark", "7"),))
    await stage.do(ShelfPut(ref=1, product=proved))
    await stage.do(Ask(ref=1, sku="mug", text="is it genuine?"), BEN)
