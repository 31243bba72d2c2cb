"""Ann and Ben choose; the host closes the poll and opens another."""

from server.features.polls.messages import PollClose, PollOpen, Vote
from tests.features.stage import ANN, BEN, Stage


async def tell(stage: Stage) -> None:
    first = PollOpen(ref=1, question="Which glaze?", options=["celadon", "white"])
    poll = (await stage.do(first)).poll.poll
    await stage.do(Vote(ref=1, poll=poll, option=1), ANN)
    await stage.do(Vote(ref=1, poll=poll, option=0), BEN)
    await stage.do(PollClose(ref=1, poll=poll))
    await stage.do(PollOpen(ref=1, question="Which size?", options=["small", "large"]))
