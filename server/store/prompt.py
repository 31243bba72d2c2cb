"""Connections that can be cancelled at any moment.

redis-py sends a command inside `asyncio.wait_for`, which before Python 3.12 loses a cancellation
that comes just as the sending ends (python/cpython#86296): the task goes on as if nobody had asked
it to end, and whoever waits for its end waits for ever. It also starts a task for each command.
"""

import asyncio
import sys
from collections.abc import Iterable
from typing import Any, TypeVar

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

Pool = TypeVar("Pool", bound=ConnectionPool)


def prompt(pool: Pool) -> Pool:
    """The same pool, whose future connections end when they are told to."""
    if sys.version_info < (3, 12):
        known = pool.connection_class
        pool.connection_class = type(f"Prompt{known.__name__}", (_PromptSend, known), {})
    return pool


class _PromptSend(AbstractConnection):
    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        """As redis-py's, with the same errors, but without `wait_for`."""
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        if check_health:
            await self.check_health()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(self.socket_timeout):
                await self._send_packed_command(_parts(command))
        except TimeoutError:
            await self.disconnect(nowait=True)
            raise RedisTimeoutError("Timeout writing to socket") from None
        except OSError as error:
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"Error while writing to socket: {error}.") from error
        except BaseException:
            # Half a command may have been sent: nothing can follow it on this connection.
            await self.disconnect(nowait=True)
            raise


def _parts(command: bytes | str | Iterable[bytes]) -> Any:
    if isinstance(command, str):
        return [command.encode()]
    return [command] if isinstance(command, bytes) else command
