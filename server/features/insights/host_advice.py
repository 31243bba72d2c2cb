"""Reads what advice to a host is made of."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from msgspec import MsgspecError, Struct, msgpack
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS
from server.features.asks.messages import Question
from server.features.figures.buyers import hash_of
from server.features.insights.advice import (
    Advice,
    AskedGoods,
    AskedQuestion,
    KnownNote,
    best_hour,
    goods_asked,
    notes_to_write,
    who_to_tell,
)
from server.features.insights.own_notes import answering_notes
from server.features.insights.settings import InsightSettings
from server.features.insights.tables import ASKERS, PRESENCE, QUESTIONS
from server.features.insights.weeks import HOUR_MS
from server.features.purchases.customers import sold_by
from server.features.purchases.tables import LINES, PURCHASES
from server.features.search.documents import titles_of
from server.records.database import Database
from server.store.reading import reading
from server.store.room_store import RoomStore

DAYS = 28
"""How far asks, questions and hours are looked back upon."""
GOODS_LOOKED_AT = 50
QUESTIONS_LOOKED_AT = 500
ROWS_MAX = 200_000
"""Rows of each kind that advice is made of, the newest."""
_LEFT = msgpack.Decoder(Question)


class AdviceView(Struct, frozen=True, kw_only=True):
    """Advice before a stream, in the order in which it is of use. Hours are those of `zone`;
    `followers` is how many the host has."""

    zone: str
    followers: int
    advice: list[Advice]


class HostAdvice:
    """Makes advice. Methods may raise RecordsAway, and CommandError `unavailable`."""

    def __init__(
        self, store: RoomStore, records: Database, settings: InsightSettings, kept_days: float
    ) -> None:
        self._store = store
        self._records = records
        self._settings = settings
        self._kept_days = int(kept_days)

    async def of_host(self, host: str, now: int) -> AdviceView:
        """The advice to a host; a line without numbers is left out."""
        since = now - DAYS * DAY_MS
        async with self._records.reading() as connection:
            presence = await _presence(connection, host, since)
            goods = await _goods(connection, host, since)
            questions = await _questions(connection, host, since)
            notes = [KnownNote(*note) for note in await answering_notes(connection, host)]
            about = {(each.life, each.sku) for each in questions.values() if each.sku}
            titles = await _titles(connection, about)
            ties = await _ties(connection, host, now - self._kept_days * DAY_MS)
            last_here = await _last_here(connection, host)
        asked = await self._with_left(host, questions)
        follows = await self._followers(host, {user for user, _ in presence} | set(ties))
        return AdviceView(
            zone=self._settings.time_zone,
            followers=await self._count_followers(host),
            advice=[
                *best_hour(
                    [each for each in presence if each[0] in follows], self._settings.zone, DAYS
                ),
                *goods_asked(goods, DAYS),
                *notes_to_write(asked, notes, titles, DAYS),
                *who_to_tell(
                    {user: hour for user, hour in ties.items() if user in follows},
                    last_here, self._kept_days,
                ),
            ],
        )  # fmt: skip

    async def _with_left(
        self, host: str, questions: Mapping[str, AskedQuestion]
    ) -> list[AskedQuestion]:
        """The questions, of which those that streams left open say by how many they were asked."""
        with reading():
            packed = await self._store.redis.hvals(self._store.keys.host(host, "left"))
        asked = dict(questions)
        for each in packed:
            try:
                left = _LEFT.decode(each)
            except (MsgspecError, UnicodeDecodeError):
                continue
            if (known := asked.get(left.question)) is not None:
                asked[left.question] = known._replace(asked=max(known.asked, left.asked))
        return list(asked.values())

    async def _followers(self, host: str, users: Collection[str]) -> Collection[str]:
        """Those of these users who follow the host now."""
        key = self._store.keys.host(host, "followers")
        return (await hash_of(self._store, key, users)).keys()

    async def _count_followers(self, host: str) -> int:
        with reading():
            return int(await self._store.redis.hlen(self._store.keys.host(host, "followers")))


async def _presence(connection: AsyncConnection, host: str, since: int) -> list[tuple[str, int]]:
    """Followers with the hours in which they came into a room, anybody's; once an hour."""
    columns = PRESENCE.c
    asked = (
        select(columns.user, columns.hour)
        .where(columns.host == host, columns.hour >= since // HOUR_MS)
        .distinct()
        .order_by(columns.hour.desc(), columns.user)
        .limit(ROWS_MAX)
    )
    return [(row.user, row.hour) for row in await connection.execute(asked)]


async def _goods(connection: AsyncConnection, host: str, since: int) -> list[AskedGoods]:
    """Return what was asked for, by whom, and who of them bought it since."""
    asked = select(ASKERS.c.life, ASKERS.c.user, ASKERS.c.sku)
    asked = asked.where(ASKERS.c.host == host, ASKERS.c.at >= since, ASKERS.c.sku != "")
    askers: dict[str, set[str]] = defaultdict(set)
    lives: dict[str, int] = {}
    for row in await connection.execute(asked.order_by(ASKERS.c.at.desc()).limit(ROWS_MAX)):
        askers[row.sku].add(row.user)
        lives.setdefault(row.sku, row.life)
    most = sorted(askers, key=lambda sku: (-len(askers[sku]), sku))[:GOODS_LOOKED_AT]
    titles = await _titles(connection, {(lives[sku], sku) for sku in most})
    bought = await _buyers(connection, host, since, most)
    return [
        AskedGoods(sku, titles.get(sku, sku), askers[sku], askers[sku] & bought[sku])
        for sku in most
    ]


async def _buyers(
    connection: AsyncConnection, host: str, since: int, skus: Collection[str]
) -> dict[str, set[str]]:
    """sku -> who paid an order with it."""
    same = (LINES.c.life == PURCHASES.c.life) & (LINES.c.order == PURCHASES.c.order)
    asked = (
        select(LINES.c.sku, PURCHASES.c.user)
        .join(LINES, same)
        .where(*sold_by(host), PURCHASES.c.created >= since, LINES.c.sku.in_(skus))
        .distinct()
        .limit(ROWS_MAX)
    )
    found: dict[str, set[str]] = defaultdict(set)
    for row in await connection.execute(asked):
        found[row.sku].add(row.user)
    return found


async def _questions(
    connection: AsyncConnection, host: str, since: int
) -> dict[str, AskedQuestion]:
    """Questions by id. One that was never taken says of itself that one person asked."""
    columns = QUESTIONS.c
    asked = select(QUESTIONS).where(columns.host == host, columns.at >= since)
    asked = asked.order_by(columns.asked.desc(), columns.at.desc()).limit(QUESTIONS_LOOKED_AT)
    return {
        row.question: AskedQuestion(row.life, row.sku, row.text, row.asked)
        for row in await connection.execute(asked)
    }


async def _titles(
    connection: AsyncConnection, products: Collection[tuple[int, str]]
) -> Mapping[str, str]:
    """sku -> its title on the shelf of the stream it is named with."""
    by_life: dict[int, set[str]] = defaultdict(set)
    for life, sku in products:
        by_life[life].add(sku)
    found: dict[str, str] = {}
    for life, skus in sorted(by_life.items()):
        found |= await titles_of(connection, life, skus)
    return found


async def _ties(connection: AsyncConnection, host: str, since: int) -> dict[str, int]:
    """user -> the hour (since 1970) in which they bought from the host, or asked, last."""
    bought = select(PURCHASES.c.user, func.max(PURCHASES.c.created).label("at"))
    bought = bought.where(*sold_by(host), PURCHASES.c.created >= since).group_by(PURCHASES.c.user)
    asked = select(ASKERS.c.user, func.max(ASKERS.c.at).label("at"))
    asked = asked.where(ASKERS.c.host == host, ASKERS.c.at >= since).group_by(ASKERS.c.user)
    found: dict[str, int] = {}
    for query in (bought, asked):
        for row in await connection.execute(query.limit(ROWS_MAX)):
            found[row.user] = max(found.get(row.user, 0), int(row.at) // HOUR_MS)
    return found


async def _last_here(connection: AsyncConnection, host: str) -> dict[str, int]:
    """user -> the hour in which they came into a room of the host last."""
    columns = PRESENCE.c
    asked = (
        select(columns.user, func.max(columns.hour).label("hour"))
        .where(columns.host == host, columns.at_host)
        .group_by(columns.user)
        .limit(ROWS_MAX)
    )
    return {row.user: int(row.hour) for row in await connection.execute(asked)}
