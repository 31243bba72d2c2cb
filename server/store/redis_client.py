"""The client of one Redis server: finds the primary again after a failover, and logs failures."""

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

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Override redis-py's, whose error lists every object involved, but not the reason."""
        why = ""
        for n, asked in enumerate(self.sentinels):
            try:
                masters: Any = await asked.sentinel_masters()
            except (RedisError, OSError) as error:
                why = why or f" ({words_of(error)})"
                continue
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):
                self.sentinels[0], self.sentinels[n] = asked, self.sentinels[0]
                return state["ip"], state["port"]
        asked_at = (asked.connection_pool.connection_kwargs for asked in self.sentinels)
        places = ", ".join(sorted(f"{place['host']}:{place['port']}" for place in asked_at))
        raise MasterNotFoundError(
            f"none of the Sentinels {places} names a primary of `{service_name}` that is up{why}"
        )
