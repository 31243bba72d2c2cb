"""The facts that the timeline keeps about returns."""

from server.rooms.facts import Fact


class ReturnFact(Fact, tag="return", frozen=True, kw_only=True):
    """A paid order of `user` was taken back; with `restock` its units went on sale again."""

    order: str
    user: str
    restock: bool
