"""Replies to commands, as the feature that answers has made them."""

from typing import TypeVar

from server.protocol.message import Ok

Kind = TypeVar("Kind", bound=Ok)


def expect(kind: type[Kind], reply: Ok) -> Kind:
    """The reply, which must be of this kind: what its command is answered with."""
    assert isinstance(reply, kind), f"not a {kind.__name__}: {reply}"
    return reply
