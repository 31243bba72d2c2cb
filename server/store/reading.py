"""Reads of Redis outside scripts: turns unanswered reads into `unavailable`."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError

from server.protocol.codes import CommandError
from server.store.room_store import UNAVAILABLE_RETRY_MS


@contextmanager
def reading() -> Iterator[None]:
    """Turn Redis failures inside the block into CommandError `unavailable`."""
    try:
        yield
    except (RedisError, OSError) as exc:
        raise CommandError(
            "unavailable",
            f"The store did not answer ({type(exc).__name__}); nothing was tried.",
            UNAVAILABLE_RETRY_MS,
        ) from exc


async def asked(command: Awaitable[Any]) -> Any:
    """Await a command. Raises CommandError `unavailable` if Redis does not answer."""
    with reading():
        return await command
