"""What is read of Redis outside of scripts: one refusal when it does not answer."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError

from server.protocol.codes import CommandError
from server.store.scripts import UNAVAILABLE_RETRY_MS


@contextmanager
def reading() -> Iterator[None]:
    """What fails in here at Redis is a CommandError `unavailable`."""
    try:
        yield
    except (RedisError, OSError) as exc:
        raise CommandError(
            "unavailable",
            f"The store did not answer ({type(exc).__name__}); nothing was tried.",
            UNAVAILABLE_RETRY_MS,
        ) from exc


async def asked(command: Awaitable[Any]) -> Any:
    """What Redis answers. CommandError `unavailable` when it does not."""
    with reading():
        return await command
