"""Ann and Ben talk and answer each other; the host removes, keeps, pins, reviews, slows and mutes.

What is said in the shadow is in no snapshot, so nobody speaks in it here (see test_moderation).
"""

from server.features.comments.messages import (
    Comment,
    CommentKeep,
    CommentPin,
    CommentRemove,
    CommentUnpin,
    Mute,
    ReviewDrop,
    ReviewPass,
    Slow,
)
from server.features.rules.messages import Rules
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    hello = (await stage.do(Comment(ref=1, text="good evening"), ANN)).id
    rude = (await stage.do(Comment(ref=1, text="this is dull"), BEN)).id
    await stage.do(Comment(ref=1, text="not at all", reply_to=rude), ANN)
    await stage.do(CommentPin(ref=1, id=hello))
    await stage.do(CommentUnpin(ref=1))
    await stage.do(CommentPin(ref=1, id=rude))
    await stage.do(CommentKeep(ref=1, id=hello))
    await stage.do(CommentRemove(ref=1, id=rude))
    await stage.do(Rules(ref=1, review="all"))
    good = (await stage.do(Comment(ref=1, text="what a fine glaze"), ANN)).id
    bad = (await stage.do(Comment(ref=1, text="so much noise"), BEN)).id
    await stage.do(ReviewPass(ref=1, id=good))
    await stage.do(ReviewDrop(ref=1, id=bad))
    await stage.do(Rules(ref=1, review="off"))
    await stage.do(Slow(ref=1, seconds=5))
    await stage.do(Slow(ref=1, seconds=0))
    await stage.do(Comment(ref=1, text="unheard"), BEN)
    await stage.do(Mute(ref=1, user="ben", seconds=60))
    await stage.do(Mute(ref=1, user="ann", seconds=60, shadow=True))
