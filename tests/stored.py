"""What Redis keeps, as our clients answer it: in bytes. redis-py's types allow texts too."""

from typing import Any, cast

Entries = list[tuple[bytes, dict[bytes, bytes]]]


def stored(answer: object) -> bytes:
    """The value of one key or field, which must be there."""
    assert isinstance(answer, bytes), f"not bytes: {answer!r}"
    return answer


def all_stored(answer: Any) -> list[bytes]:
    """Values, members or names; every one of them must be there."""
    return [stored(each) for each in answer]


def stored_hash(answer: dict[Any, Any]) -> dict[bytes, bytes]:
    """A whole hash."""
    return {stored(name): stored(value) for name, value in answer.items()}


def entries(answer: object) -> Entries:
    """What XRANGE or XREVRANGE found of a stream: (id, fields) each."""
    assert isinstance(answer, list)
    return cast("Entries", answer)
