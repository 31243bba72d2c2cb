"""The host sets what may be said, and who may say it."""

from server.features.rules.messages import Rules, WordsPut, WordsRemove
from tests.features.stage import Stage


async def tell(stage: Stage) -> None:
    await stage.do(WordsPut(ref=1, words=["cucumber"], action="block"))
    await stage.do(WordsRemove(ref=1, words=["cucumber"]))
    await stage.do(Rules(ref=1, followers_only=True))
    await stage.do(Rules(ref=1, followers_only=False, review="new"))
