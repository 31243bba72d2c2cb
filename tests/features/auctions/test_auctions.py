"""The story of an auction, and what the people in a room hear of it."""

from typing import Any

import msgspec
from redis.asyncio import Redis

from server.features.auctions.messages import (
    AuctionCancel,
    AuctionHammer,
    AuctionOpen,
    Bid,
)
from server.features.shelf.messages import ShelfPut
from tests.features.stage import ANN, BEN, MUG, Stage
from tests.rooms.rig import Rig
from tests.stored import stored

TERMS: dict[str, Any] = {
    "ref": 1, "sku": "mug", "opening": 1000, "increment": 100, "hold_s": 60, "lasts_s": 60,
}  # fmt: skip


async def let_it_end(rig: Rig, auction: str) -> None:
    """Let the time of an auction be over, and the hammer fall."""
    redis: Redis = rig.redis
    row = msgspec.msgpack.decode(stored(await redis.hget(rig.key("auctions"), auction)))
    ended = msgspec.msgpack.encode(row | {"ends": row["starts"]})
    await redis.hset(rig.key("auctions"), auction, ended)
    await redis.zadd(rig.key("auction_ends"), {auction: 1})
    args = rig.worker.running["auctions"].it.falling
    await rig.script("auctions.due", batch_max=10, **args)


async def tell(stage: Stage) -> None:
    """Ann and Ben bid for a mug, and Ben wins it; the next auction is cancelled."""
    await stage.do(ShelfPut(ref=1, product=MUG))
    opened = await stage.do(AuctionOpen(**TERMS, reserve=1500))
    auction = opened.auction.auction
    await stage.do(Bid(ref=1, auction=auction, max=1400, key="auctions-a"), ANN)
    await stage.do(Bid(ref=1, auction=auction, max=2000, key="auctions-b"), BEN)
    await stage.do(AuctionHammer(ref=1, auction=auction))
    await stage.do(Bid(ref=1, auction=auction, max=1900, key="auctions-c"), ANN)
    await stage.step("the hammer", let_it_end(stage.here, auction))
    other = (await stage.do(AuctionOpen(**TERMS, sudden_death=True))).auction.auction
    await stage.do(Bid(ref=1, auction=other, max=1000, key="auctions-d"), ANN)
    await stage.do(AuctionCancel(ref=1, auction=other, reason="It broke."))


async def test_everybody_sees_the_price_and_the_hammer_and_one_the_order(here: Rig) -> None:
    ann, eve = await here.join("ann"), await here.join("eve")
    await here.do(ShelfPut(ref=1, product=MUG))
    auction = (await here.do(AuctionOpen(**TERMS))).auction.auction  # type: ignore[attr-defined]
    await here.do(Bid(ref=1, auction=auction, max=5000, key="k1"), ANN)
    await here.do(Bid(ref=1, auction=auction, max=2000, key="k2"), BEN)
    heard = await eve.until(lambda m: m["t"] == "bids" and m["bids"] == 2)
    assert [(m["price"], m["leader"], m["paddle"]) for m in heard if m.get("bids") == 2] == [
        (2100, "A**", 1)
    ]

    await let_it_end(here, auction)

    heard = await eve.until(lambda m: m["t"] == "auction" and m["auction"]["status"] == "sold")
    assert not any(m["t"] == "order" for m in heard)
    [told] = [m for m in await ann.until(lambda m: m["t"] == "order") if m["t"] == "order"]
    order = told["order"]
    assert (order["total"], order["auction"]) == (2100, auction)
    assert (await here.join("ben")).joined["mine"]["auction"] == {"paddle": 2, "max": 2000}
