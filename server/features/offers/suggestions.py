"""Suggests goods to hosts, and hosts to merchants, from what was sold; `ranking` says how."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.archive.tables import ROOMS
from server.features.merchants.catalogue import goods_in
from server.features.merchants.tables import GOODS
from server.features.offers.centre import FoundOffer, found_of, offers_for
from server.features.offers.offers import is_admitted
from server.features.offers.ranking import Fit, Reason, Sold, ranked, score_of
from server.features.offers.samples import NONE, Sample, samples_of
from server.features.offers.tables import BUYERS, OFFERS, PICKS, SOLD
from server.records.database import Database

SUGGESTED_MAX = 12
OFFERS_LOOKED_AT_MAX = 500
HOSTS_LOOKED_AT_MAX = 100


class SuggestedOffer(Struct, frozen=True):
    """An offer that suits a host, and why; the score is from 0 to 1."""

    offer: FoundOffer
    score: float
    reasons: list[Reason]


class SuggestedOffers(Struct):
    """Offers that suit a host, the best first."""

    suggestions: list[SuggestedOffer]


class SuggestedHost(Struct, frozen=True):
    """A host whom goods suit, and why."""

    host: str
    name: str
    score: float
    reasons: list[Reason]


class SuggestedHosts(Struct):
    """Hosts whom goods suit, the best first."""

    suggestions: list[SuggestedHost]


class Suggestions:
    """Suggests. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database, least_orders: int) -> None:
        self._records = records
        self._least = least_orders

    async def for_host(self, host: str) -> SuggestedOffers:
        """Offers that the host has not picked, of the newest `OFFERS_LOOKED_AT_MAX`."""
        now = unix_ms()
        asked = offers_for(host, now).where(
            PICKS.c.pick.is_(None), OFFERS.c.starts <= now, is_admitted(host)
        )
        asked = asked.order_by(OFFERS.c.changed.desc()).limit(OFFERS_LOOKED_AT_MAX)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
            known = await _tags_of(connection, [host])
            buyers = (await _buyers_of(connection, [host]))[host]
            shared = await _shared_by_merchant(connection, host)
            own = await _own_sales(connection, [host])
            names = {(row.merchant, row.goods) for row in rows}
            samples = await samples_of(connection, names, self._least, host)
            fits = [
                (row, _fit(row.tags, known[host], buyers, shared[row.merchant],
                           own.get((host, row.merchant), Sold()),
                           samples.get((row.merchant, row.goods), NONE)))
                for row in rows
            ]  # fmt: skip
            best = ranked(_one_each(fits), SUGGESTED_MAX)
            found = await found_of(connection, [row for row, _ in best], host, self._least)
        by_name = {(each.merchant, each.offer): each for each in found}
        return SuggestedOffers(
            [
                SuggestedOffer(by_name[row.merchant, row.offer], score_of(reasons), reasons)
                for row, reasons in best
                if (row.merchant, row.offer) in by_name
            ]
        )

    async def for_goods(self, merchant: str, goods: str) -> SuggestedHosts:
        """Hosts who have no pick of these goods: of those that share the most buyers, and of those
        that sold the most of merchants' goods, `HOSTS_LOOKED_AT_MAX` each."""
        async with self._records.reading() as connection:
            tags = (await goods_in(connection, merchant, goods)).tags
            shared = await _shared_by_host(connection, merchant)
            hosts = await _hosts_for(connection, merchant, goods, shared)
            known = await _tags_of(connection, hosts)
            buyers = await _buyers_of(connection, hosts)
            own = await _own_sales(connection, hosts)
            fits = [
                (host, _fit(" ".join(tags), known[host], buyers[host], shared[host],
                            own.get((host, merchant), Sold()), NONE))
                for host in hosts
            ]  # fmt: skip
            best = ranked(fits, SUGGESTED_MAX)
            names = await _names_of(connection, [host for host, _ in best])
        return SuggestedHosts(
            [
                SuggestedHost(host, names.get(host, host), score_of(reasons), reasons)
                for host, reasons in best
            ]
        )


def _fit(
    tags: str, known: Collection[str], buyers: int, shared: int, own: Sold, elsewhere: Sample
) -> Fit:
    each = tags.split()
    return Fit(
        tags=each, shared_tags=[tag for tag in each if tag in known], buyers=buyers, shared=shared,
        own=own, elsewhere=Sold(elsewhere.orders, elsewhere.units, elsewhere.returned),
        hosts=elsewhere.hosts,
    )  # fmt: skip


def _one_each(fits: Iterable[tuple[Any, Fit]]) -> list[tuple[Any, Fit]]:
    """Of several offers of the same goods, the one with the highest commission."""
    best: dict[tuple[str, str], tuple[Any, Fit]] = {}
    for row, fit in fits:
        known = best.get((row.merchant, row.goods))
        if known is None or known[0].commission < row.commission:
            best[row.merchant, row.goods] = row, fit
    return list(best.values())


async def _tags_of(
    connection: AsyncConnection, hosts: Collection[str]
) -> Mapping[str, Collection[str]]:
    """host -> the tags of the goods that they sold or picked."""
    both = union(
        select(SOLD.c.host, SOLD.c.merchant, SOLD.c.goods).where(
            SOLD.c.host.in_(hosts), SOLD.c.orders > 0
        ),
        select(PICKS.c.host, PICKS.c.merchant, PICKS.c.goods).where(PICKS.c.host.in_(hosts)),
    ).subquery()
    asked = select(both.c.host, GOODS.c.tags).join(
        GOODS, and_(GOODS.c.merchant == both.c.merchant, GOODS.c.goods == both.c.goods)
    )
    found: dict[str, set[str]] = {host: set() for host in hosts}
    for row in await connection.execute(asked):
        found[row.host].update(row.tags.split())
    return found


async def _buyers_of(connection: AsyncConnection, hosts: Collection[str]) -> Counter[str]:
    """host -> how many users paid an order there."""
    asked = select(BUYERS.c.host, func.count(BUYERS.c.user.distinct()).label("users"))
    asked = asked.where(BUYERS.c.host.in_(hosts)).group_by(BUYERS.c.host)
    return Counter({row.host: row.users for row in await connection.execute(asked)})


async def _shared_by_merchant(connection: AsyncConnection, host: str) -> Counter[str]:
    """merchant -> how many of a host's buyers bought of them in others' rooms."""
    own = select(BUYERS.c.user).where(BUYERS.c.host == host)
    asked = (
        select(BUYERS.c.merchant, func.count(BUYERS.c.user.distinct()).label("users"))
        .where(BUYERS.c.user.in_(own), BUYERS.c.host != host, BUYERS.c.merchant != "")
        .group_by(BUYERS.c.merchant)
    )
    return Counter({row.merchant: row.users for row in await connection.execute(asked)})


async def _shared_by_host(connection: AsyncConnection, merchant: str) -> Counter[str]:
    """host -> how many of their buyers bought of a merchant in others' rooms."""
    bought = BUYERS.alias()
    asked = (
        select(BUYERS.c.host, func.count(BUYERS.c.user.distinct()).label("users"))
        .join(bought, and_(bought.c.user == BUYERS.c.user, bought.c.host != BUYERS.c.host))
        .where(bought.c.merchant == merchant)
        .group_by(BUYERS.c.host)
    )
    return Counter({row.host: row.users for row in await connection.execute(asked)})


async def _own_sales(
    connection: AsyncConnection, hosts: Collection[str]
) -> dict[tuple[str, str], Sold]:
    """(host, merchant) -> what the host sold of them."""
    asked = (
        select(
            SOLD.c.host,
            SOLD.c.merchant,
            *(func.sum(SOLD.c[name]).label(name) for name in Sold._fields),
        )
        .where(SOLD.c.host.in_(hosts))
        .group_by(SOLD.c.host, SOLD.c.merchant)
    )
    return {
        (row.host, row.merchant): Sold(*(int(getattr(row, name)) for name in Sold._fields))
        for row in await connection.execute(asked)
    }


async def _hosts_for(
    connection: AsyncConnection, merchant: str, goods: str, shared: Counter[str]
) -> list[str]:
    """The hosts that share the most buyers, and those that sold the most of merchants' goods, who
    have not picked these."""
    orders = func.sum(SOLD.c.orders)
    sold = select(SOLD.c.host).group_by(SOLD.c.host).order_by(orders.desc(), SOLD.c.host)
    hosts = (await connection.scalars(sold.limit(HOSTS_LOOKED_AT_MAX))).all()
    near = [host for host, _ in shared.most_common(HOSTS_LOOKED_AT_MAX)]
    has_it = PICKS.c.merchant == merchant, PICKS.c.goods == goods, PICKS.c.dropped == 0
    taken = {merchant, *(await connection.scalars(select(PICKS.c.host).where(*has_it))).all()}
    return [host for host in dict.fromkeys([*near, *hosts]) if host not in taken]


async def _names_of(connection: AsyncConnection, hosts: Collection[str]) -> dict[str, str]:
    """host -> the name in their newest room."""
    asked = select(ROOMS.c.host, ROOMS.c.host_name).where(ROOMS.c.host.in_(hosts))
    rows = await connection.execute(asked.order_by(ROOMS.c.made))
    return {row.host: row.host_name for row in rows if row.host_name}
