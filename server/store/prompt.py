"""Connections that are checked before each command, and can be cancelled at any moment.

An idle connection may be dead without notice: Redis or a proxy closed it, or a balancer or firewall
forgot it. A working connection may lead to a server that is no longer the primary. A command must
fail for neither reason, and need not be sent twice: an idle connection is tested with a PING before
the command, and a replica writes nothing. redis-py instead gives up when that PING fails
(`AbstractConnection.check_health`), and keeps the connection to a replica (docs/durability.md).

redis-py sends a command inside `asyncio.wait_for`. Before Python 3.12 that loses a cancellation
that comes just as the sending ends (python/cpython#86296): the task goes on, and code that awaits
its end waits for ever. `wait_for` also starts a task for each command.
"""

import asyncio
import sys
from collections.abc import Iterable
from typing import Any, TypeVar

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from server.store.refusals import is_a_replica

Pool = TypeVar("Pool", bound=ConnectionPool)

HEALTH_S_MAX = 1.0
"""Longest wait for the PING on an idle connection; after it the connection is replaced."""
PRIMARY_ANEW_S = 0.25
"""Least time between two replacements of all connections of a pool after a failover."""


class Primary:
    """Shared by a pool's connections: whether their server is still the primary.

    `number` counts how often the server turned out to be a replica. A connection with an older
    number is replaced before its next command.
    """

    def __init__(self) -> None:
        self.number = 0
        self._since = float("-inf")

    def lost(self) -> None:
        """Note that a replica answered: look for the primary again, unless that was just done."""
        now = asyncio.get_running_loop().time()
        if now - self._since >= PRIMARY_ANEW_S:
            self.number += 1
            self._since = now


def prompt(pool: Pool) -> Pool:
    """Make the pool's future connections check themselves before each command; return the pool."""
    known = pool.connection_class
    bases = (_GoodConnection, known) if sys.version_info >= (3, 12) else (_PromptSend, known)
    name = f"Prompt{known.__name__}"
    pool.connection_class = type(name, bases, {"primary": Primary()})
    return pool


class _GoodConnection(AbstractConnection):
    primary: Primary
    """Shared by the connections of a pool."""
    _primary_number = 0

    async def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: ARG002
        """Override redis-py's: a fresh connection leads to the current primary, without a PING."""
        self._primary_number = self.primary.number
        self.next_health_check = asyncio.get_running_loop().time() + self.health_check_interval
        await super().on_connect_check_health(check_health=False)

    async def check_health(self) -> None:
        """Reconnect if the connection ended, leads to a replica or does not answer a PING.

        Only that PING was sent on it, so the command that follows is never sent twice.
        """
        if self._is_over() or self._primary_number != self.primary.number:
            await self._anew()
        elif (
            self.health_check_interval
            and asyncio.get_running_loop().time() > self.next_health_check
        ):
            try:
                async with asyncio.timeout(HEALTH_S_MAX):
                    await self._send_ping()  # type: ignore[no-untyped-call]
            except (RedisError, OSError, TimeoutError):
                await self._anew()

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Override redis-py's: pass on a replica's refusal as it is. Behind Sentinels redis-py
        turns it into a lost connection, and the sender can't tell that nothing was written."""
        try:
            return await AbstractConnection.read_response(self, *args, **kwargs)
        except RedisError as error:
            if is_a_replica(error):
                self.primary.lost()
            raise

    def _is_over(self) -> bool:
        """Whether the other side closed the connection while it was idle."""
        reader, writer = self._reader, self._writer
        if reader is None or writer is None:
            return True
        return reader.at_eof() or reader.exception() is not None or writer.is_closing()

    async def _anew(self) -> None:
        await self.disconnect(nowait=True)
        await self.connect()  # type: ignore[no-untyped-call]


class _PromptSend(_GoodConnection):
    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        """Override redis-py's: the same errors, but without `wait_for`."""
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        if check_health:
            await self.check_health()
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
            # Half a command may have been sent, so the connection can't be used any more.
            await self.disconnect(nowait=True)
            raise


def _parts(command: bytes | str | Iterable[bytes]) -> Any:
    if isinstance(command, str):
        return [command.encode()]
    return [command] if isinstance(command, bytes) else command
