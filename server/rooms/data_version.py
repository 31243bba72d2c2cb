"""The version of the data in Redis: upgraded before a server serves, refused if it is newer.

Data under a prefix carry their version in `Keys.data_version`. Data without it are of version 1, or
new. Each version has one step from the version before; it may be broken off anywhere, run again,
and run twice at once.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from server import __version__
from server.background.troubles import Troubles
from server.rooms.every_room import EveryRoom
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

_LOCK_MS = 15_000
"""After so long without a sign of its owner another process goes on with the upgrade."""
_LOOK_AGAIN_S = 0.1

Sign = Callable[[], Awaitable[None]]
"""Called often by a step: keeps the lock."""


class DataUnreadable(Exception):
    """This server can't read the data in Redis; the text says which it can, and what to do."""


async def _index_awake_rooms(store: RoomStore, sign: Sign) -> None:
    """2: the index of awake rooms. Every room is awake at first; those with nothing pending soon
    sleep."""
    async for page in EveryRoom(store, Troubles("data upgrade")).pages():
        if page:
            await store.wake(page)
        await sign()


async def _know_refunds_in_part(store: RoomStore, sign: Sign) -> None:
    """3: nothing to change. A payment may be given back in part from here on, which an older server
    would take for all of it."""


STEPS: Mapping[int, Callable[[RoomStore, Sign], Awaitable[None]]] = MappingProxyType(
    {2: _index_awake_rooms, 3: _know_refunds_in_part}
)
"""For each version, the step to it from the version before."""
VERSION = max(STEPS)
"""The version that this server writes."""


async def must_be_readable(store: RoomStore) -> int:
    """Return the version of the data, `VERSION` if there are none. Changes nothing.

    Raises DataUnreadable, RedisError or OSError.
    """
    keys = store.keys
    raw = await store.redis.get(keys.data_version)
    if raw is None:
        for listed in (keys.rooms, keys.groups):
            if await store.redis.exists(listed):
                return 1
        return VERSION
    if not raw.isdigit():
        raise DataUnreadable(
            f"The version of the data under `{keys.prefix}` in Redis is {raw!r}, which is no "
            f"number: restore a backup, or give {keys.data_version} its number again."
        )
    if (found := int(raw)) > VERSION:
        raise DataUnreadable(
            f"The data under `{keys.prefix}` in Redis have version {found}, and Liveroom "
            f"{__version__} reads versions up to {VERSION}: start the Liveroom that wrote them or "
            "a newer one, or restore a backup from before the upgrade."
        )
    return found


async def bring_up_to_date(store: RoomStore) -> None:
    """Upgrade the data to `VERSION`, or wait until another process has done it.

    Raises DataUnreadable, CommandError, RedisError or OSError.
    """
    owner = secrets.token_hex(8)
    lock = store.keys.data_upgrade
    while await must_be_readable(store) < VERSION:
        if await store.redis.set(lock, owner, nx=True, px=_LOCK_MS):
            await _upgrade(store, await must_be_readable(store), owner)
            await store.redis.delete(lock)
        else:
            await asyncio.sleep(_LOOK_AGAIN_S)
    await store.redis.set(store.keys.data_version, VERSION, nx=True)


async def _upgrade(store: RoomStore, found: int, owner: str) -> None:
    async def sign() -> None:
        await store.redis.set(store.keys.data_upgrade, owner, px=_LOCK_MS)

    if found == VERSION:
        return  # another process did it just before
    for version in range(found + 1, VERSION + 1):
        _log.info("Upgrading the data in Redis to version %d.", version)
        await STEPS[version](store, sign)
        await store.redis.set(store.keys.data_version, version)
    _log.info("The data in Redis have version %d now.", VERSION)
