"""Puts rooms with their goods and answers into the records, as the archive folds them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from server.features.search.projection import SearchProjection
from server.features.search.searching import Search, SearchResult
from server.records.database import Database
from server.records.projection import HEAD, Entry, RoomHead
from tests.search.catalogue import Stall

START = 1_764_000_000_000
_HOUR = 3_600_000


class Market:
    """Rooms whose facts are folded one after the other."""

    def __init__(self, records: Database, search: Search, documents_max: int = 5000) -> None:
        self.records, self.search = records, search
        self.projection = SearchProjection(documents_max)
        self.heads: dict[str, RoomHead] = {}
        self._places: dict[str, int] = {}

    async def put_head(self, room: str, **values: Any) -> RoomHead:
        """Enter a room, or change what is true of it."""
        head = self.heads.get(room) or RoomHead(
            life=len(self.heads) + 1, room=room, made=START, host="h", kind="stream", title="T",
            phase="scheduled", scheduled=0, started=0, ended=0, practice=False, host_name="H",
        )  # fmt: skip
        self.heads[room] = head = head._replace(**values)
        async with self.records.writing() as connection:
            await self.projection.add(connection, head, HEAD, ())
        return head

    async def tell(self, room: str, *facts: dict[str, Any]) -> None:
        """Fold facts of a room; each is given its place."""
        entries = []
        for fact in facts:
            place = self._places[room] = self._places.get(room, 0) + 1
            body = msgspec.msgpack.encode({"at": START + place, **fact})
            entries.append(Entry(START, place, body))
        async with self.records.writing() as connection:
            await self.projection.add(connection, self.heads[room], "timeline", entries)

    async def open_stall(self, stall: Stall) -> None:
        """Make a room of the catalogue, with all that it has."""
        is_on, is_over = stall.phase != "scheduled", stall.phase == "ended"
        await self.put_head(
            stall.room, host=stall.host, host_name=stall.host_name, title=stall.title,
            phase=stall.phase, started=START if is_on else 0,
            ended=START + _HOUR if is_over else 0,
        )  # fmt: skip
        goods = [put(*_cells(line)) for line in _lines(stall.goods)]
        answers = [answered(*_cells(line)) for line in _lines(stall.answers)]
        await self.tell(stall.room, *goods, *answers)

    async def find(self, query: str, kind: str = "", limit: int = 20) -> list[SearchResult]:
        """The results of the first page."""
        return (await self.search.page(query, kind, "", limit)).results

    async def found(self, query: str, kind: str = "") -> list[str]:
        """The results by kind and id, such as `goods wide-leg`."""
        return [f"{each.kind} {each.id}" for each in await self.find(query, kind)]


def put(sku: str, title: str, yuan: str = "1", points: str = "", flaws: str = "") -> dict[str, Any]:
    """The fact of a product put on the shelf; several points have a `/` between them."""
    product = {"sku": sku, "title": title, "price": int(yuan) * 100, "currency": "CNY",
               "points": _phrases(points), "flaws": _phrases(flaws)}  # fmt: skip
    return {"k": "shelf", "put": product}


def answered(
    question: str, sku: str, text: str, answer: str, status: str = "answered", **more: Any
) -> dict[str, Any]:
    """The fact of a question that is answered."""
    asked = {"question": question, "sku": sku, "topic": "other", "text": text, "user": "u",
             "name": "N", "asked": 1, "status": status, "at": START, "answer": answer}  # fmt: skip
    return {"k": "question", "question": asked, **more}


def _phrases(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.split("/") if phrase.strip()]


def _lines(text: str) -> Sequence[str]:
    return text.strip().splitlines()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]
