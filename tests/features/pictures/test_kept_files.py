"""Many who ask for a picture at once read it once, and memory has a bound."""

import asyncio

import pytest

from server.features.pictures.kept_files import KeptFiles
from server.features.pictures.storage import StorageAway


class Slow:
    """A storage that answers when it is let."""

    def __init__(self) -> None:
        self.files = {"a": b"12345", "b": b"1234567", "large": b"x" * 100}
        self.reads: list[str] = []
        self.may_answer = asyncio.Event()
        self.is_away = False

    async def put(self, name: str, body: bytes) -> None:
        self.files[name] = body

    async def get(self, name: str) -> bytes | None:
        self.reads.append(name)
        await self.may_answer.wait()
        if self.is_away:
            raise StorageAway("it is away")
        return self.files.get(name)

    async def remove(self, name: str) -> None:
        self.files.pop(name, None)


async def test_a_picture_is_read_once_for_all_who_ask_at_once_and_stays_a_while() -> None:
    storage = Slow()
    kept = KeptFiles(storage, 10)
    asking = [asyncio.create_task(kept.get("a")) for _ in range(5)]
    await asyncio.sleep(0)
    storage.may_answer.set()
    assert await asyncio.gather(*asking) == [b"12345"] * 5
    assert storage.reads == ["a"]

    await kept.get("b")  # both are more than may be kept: the older one goes
    await kept.get("b")
    await kept.get("a")
    assert storage.reads == ["a", "b", "a"]
    assert await kept.get("large") == await kept.get("large") == b"x" * 100
    assert await kept.get("none") is None
    assert storage.reads[3:] == ["large", "large", "none"]


async def test_who_waits_for_a_reading_that_fails_reads_by_themselves() -> None:
    storage = Slow()
    kept = KeptFiles(storage, 10)
    first, second = (asyncio.create_task(kept.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    storage.is_away = True
    storage.may_answer.set()
    for asking in (first, second):
        with pytest.raises(StorageAway):
            await asking
    storage.is_away = False
    assert await kept.get("a") == b"12345"
