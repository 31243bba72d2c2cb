"""The client of one Redis server: finds the primary again after a failover, and logs failures."""

import asyncio
from collections.abc import Iterator
from typing import Any

from redis.asyncio import Redis, Sentinel
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import RedisError

from server.store.refusals import is_a_replica, words_of
from server.store.troubles import Troubles


class Client(Redis):
    """Sends a command once more if a replica refused it, and logs every cause of failure.

    The primary behind a name can change. Open connections then still lead to the old one, now a
    replica, which wrote nothing; new connections lead to the new primary (see `prompt`). No other
    command is sent again, since a command whose answer was lost may have run.
    """

    troubles: Troubles | None = None
    """The log of failures, shared by all clients of a URL."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Override redis-py's: try at most once more."""
        execute: Any = super().execute_command
        try:
            try:
                return await execute(*args, **options)
            except RedisError as error:
                if not is_a_replica(error):
                    raise
            return await execute(*args, **options)
        except (RedisError, OSError) as error:
            if self.troubles is not None:
                self.troubles.note(error)
            raise


class Sentinels(Sentinel):
    """The Sentinels of a URL. If they name no primary, the error says why in one sentence."""

    config_epoch = 0
    """The number of the newest failover that was heard of."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Override redis-py's, which believes whoever answers first.

        A Sentinel that is cut off from the others does not hear of a failover, and goes on naming
        the old primary. So most of them are waited for, and the newest failover counts; one that
        was heard of is never taken back. The error says why there is none.
        """
        asked = [asyncio.create_task(self._ask(each, service_name)) for each in self.sentinels]
        found: list[tuple[int, str, int]] = []
        answers, why = 0, ""
        try:
            for answer in asyncio.as_completed(asked):
                try:
                    state = await answer
                except (RedisError, OSError) as error:
                    why = why or f" ({words_of(error)})"
                    continue
                answers += 1
                if self.check_master_state(state, service_name):
                    found.append((int(state["config-epoch"]), state["ip"], int(state["port"])))
                if found and answers > len(asked) / 2:
                    break
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        if found and max(found)[0] >= self.config_epoch:
            self.config_epoch, host, port = max(found)
            return host, port
        places = ", ".join(sorted(self._places()))
        raise MasterNotFoundError(
            f"none of the Sentinels {places} names a primary of `{service_name}` that is up{why}"
        )

    async def _ask(self, sentinel: Any, service_name: str) -> dict[str, Any]:
        state: dict[str, Any] = await sentinel.sentinel_master(service_name)
        return state

    def _places(self) -> Iterator[str]:
        for each in self.sentinels:
            place = each.connection_pool.connection_kwargs
            yield f"{place['host']}:{place['port']}"
