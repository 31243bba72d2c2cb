"""Connections that are good when a command is written to them, and can be cancelled at any moment.

A connection that was idle may be dead without a word: Redis or a proxy closed it, a balancer or a
firewall forgot it. And one that is well may lead to a server that is no longer the primary. Neither
must cost a command its answer, and neither needs one to be sent twice: what is sent here before
the command is a PING, and a replica writes nothing. redis-py gives up where that PING fails
(`AbstractConnection.check_health`) and keeps the connection to a replica (docs/durability.md).

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
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from server.store.refusals import is_a_replica

Pool = TypeVar("Pool", bound=ConnectionPool)

HEALTH_S_MAX = 1.0
"""Time the PING on a connection that was idle may take; then the connection is made anew."""
PRIMARY_ANEW_S = 0.25
"""Least time between two times all connections of a pool are given up as a replica's."""


class Primary:
    """What a pool's connections know of the server they lead to.

    `number` counts the times it turned out to be a replica; a connection of an older number is
    made anew before its next command.
    """

    def __init__(self) -> None:
        self.number = 0
        self._since = float("-inf")

    def lost(self) -> None:
        """A replica answered: look for the primary again, unless that was just done."""
        now = asyncio.get_running_loop().time()
        if now - self._since >= PRIMARY_ANEW_S:
            self.number += 1
            self._since = now


def prompt(pool: Pool) -> Pool:
    """The same pool, whose future connections are good when they are used."""
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
        """As redis-py's; a fresh connection needs no PING, and leads to the primary of now."""
        self._primary_number = self.primary.number
        self.next_health_check = asyncio.get_running_loop().time() + self.health_check_interval
        await super().on_connect_check_health(check_health=False)

    async def check_health(self) -> None:
        """Connect anew if the connection ended, leads to a replica or does not answer a PING.

        Nothing but that PING was sent on it, so whatever follows is sent for the first time.
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
        """As redis-py's. A replica's refusal stays what it is, also behind Sentinels, where
        redis-py makes a lost connection of it and whoever sent the command knows less."""
        try:
            return await AbstractConnection.read_response(self, *args, **kwargs)
        except RedisError as error:
            if is_a_replica(error):
                self.primary.lost()
            raise

    def _is_over(self) -> bool:
        """Whether the other side ended it while it was idle."""
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
        """As redis-py's, with the same errors, but without `wait_for`."""
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
            # Half a command may have been sent: nothing can follow it on this connection.
            await self.disconnect(nowait=True)
            raise


def _parts(command: bytes | str | Iterable[bytes]) -> Any:
    if isinstance(command, str):
        return [command.encode()]
    return [command] if isinstance(command, bytes) else command
