"""Reads all keys of a room from Redis, and writes them back: the same data, not the same bytes.

Redis' own DUMP is of one version, and a room may come back years later to another one. So each type
is read by its commands. A part's items, by its kind:

    string   the value                     hash     field, value, field, value, …
    set      the members                   zset     member, score, member, score, …
    list     the elements                  stream   place, packed fields, place, packed fields, …
    last     the stream's last place, also of a removed entry
    groups   name, last told place, …      expires  when the key ends, Unix ms
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from msgpack import packb
from msgspec import Raw, msgpack
from redis.exceptions import ResponseError

from server.background.clock import unix_ms
from server.records.retired import Part

PART_BYTES = 500_000
"""About how much one part holds."""
BATCH_BYTES = 4_000_000
"""About how much is stored in one transaction."""
SCAN_COUNT = 500

_FIELDS = msgpack.Decoder(list[bytes])


class Unpackable(Exception):
    """A key holds what can't be written back; the room must stay."""


async def pack(redis: Any, keys: Iterable[tuple[str, str]]) -> AsyncIterator[list[Part]]:
    """Yield what the keys (name, key in Redis) hold, in lists of about `BATCH_BYTES`.

    Nothing may write to the keys meanwhile. Raises Unpackable, RedisError or OSError.
    """
    batch: list[Part] = []
    size = 0
    for name, key in keys:
        async for part in _parts_of(redis, name, key):
            batch.append(part)
            size += sum(map(len, part.items))
            if size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


async def _parts_of(redis: Any, name: str, key: str) -> AsyncIterator[Part]:
    kind = (await redis.type(key)).decode()
    if kind == "none":
        return
    read = _READERS.get(kind)
    if read is None:
        raise Unpackable(f"`{name}` is a {kind}")
    items: list[bytes] = []
    size = 0
    async for some in read(redis, key):
        items += some
        size += sum(map(len, some))
        if size >= PART_BYTES:
            yield Part(name, kind, items)
            items, size = [], 0
    yield Part(name, kind, items)  # also an empty one: an empty stream is not no stream
    if kind == "stream":
        async for part in _about_stream(redis, name, key):
            yield part
    ends = await _ends_at(redis, key)
    if ends >= 0:
        yield Part(name, "expires", [b"%d" % ends])


async def _ends_at(redis: Any, key: str) -> int:
    """Return when a key expires (Unix ms); negative if it does not."""
    try:
        return int(await redis.pexpiretime(key))
    except ResponseError:  # before Redis 7
        in_ms = int(await redis.pttl(key))
        return in_ms if in_ms < 0 else unix_ms() + in_ms


async def _about_stream(redis: Any, name: str, key: str) -> AsyncIterator[Part]:
    info = await redis.xinfo_stream(key)
    yield Part(name, "last", [bytes(info["last-generated-id"])])
    groups: list[bytes] = []
    for group in await redis.xinfo_groups(key):
        if group["pending"]:
            raise Unpackable(f"`{name}` has entries that a reader took and did not finish")
        groups += [bytes(group["name"]), bytes(group["last-delivered-id"])]
    if groups:
        yield Part(name, "groups", groups)


async def _string(redis: Any, key: str) -> AsyncIterator[list[bytes]]:
    yield [await redis.get(key) or b""]


async def _hash(redis: Any, key: str) -> AsyncIterator[list[bytes]]:
    async for page in _scanned(redis.hscan, key):
        yield [each for pair in page.items() for each in pair]


async def _set(redis: Any, key: str) -> AsyncIterator[list[bytes]]:
    async for page in _scanned(redis.sscan, key):
        yield list(page)


async def _zset(redis: Any, key: str) -> AsyncIterator[list[bytes]]:
    async for page in _scanned(redis.zscan, key):
        yield [each for member, score in page for each in (member, repr(float(score)).encode())]


async def _scanned(scan: Callable[..., Awaitable[Any]], key: str) -> AsyncIterator[Any]:
    cursor: Any = 0
    while True:
        cursor, page = await scan(key, cursor, count=SCAN_COUNT)
        if page:
            yield page
        if int(cursor) == 0:
            return


async def _list(redis: Any, key: str) -> AsyncIterator[list[bytes]]:
    start = 0
    while page := await redis.lrange(key, start, start + SCAN_COUNT - 1):
        yield list(page)
        start += len(page)


async def _stream(redis: Any, key: str) -> AsyncIterator[list[bytes]]:
    start = "-"
    while page := await redis.xrange(key, min=start, count=SCAN_COUNT):
        some: list[bytes] = []
        for place, fields in page:
            some += [place, msgpack.encode([each for pair in fields.items() for each in pair])]
        yield some
        start = f"({page[-1][0].decode()}"


_READERS: dict[str, Callable[[Any, str], AsyncIterator[list[bytes]]]] = {
    "string": _string,
    "hash": _hash,
    "set": _set,
    "zset": _zset,
    "list": _list,
    "stream": _stream,
}


def packed_items(part: Part) -> Raw:
    """Return a part's items packed as `restore_part.lua` reads them.

    The fields of a stream's entries are lists. Bytes are packed as texts: Redis' msgpack knows no
    bytes, and its texts are any bytes.
    """
    items: list[Any] = list(part.items)
    if part.kind == "stream":
        items[1::2] = map(_FIELDS.decode, part.items[1::2])
    return Raw(packb(items, use_bin_type=False))
