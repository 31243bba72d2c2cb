"""What the clients send again by themselves is done once, whatever happened between the copies."""

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

import client_sim.client
from client_sim.client.commands import Commands
from server.access.auth import Identity
from server.features.shelf.messages import ShelfPut
from server.protocol.codes import CommandError
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.features.stage import MUG
from tests.rooms.grouping import make
from tests.rooms.rig import HOST, Rig, rig
from tests.rooms.rounds import viewer

PYTHON = Path(client_sim.client.__file__).parent
PAGES = Path(__file__).parents[2] / "server" / "web" / "pages"
READS = {"ping", "orders"}
"""Commands that change nothing."""
Message = dict[str, Any]


class Person(Commands):
    """The methods of the Python client over a rig; what it would send again is remembered."""

    def __init__(self, here: Rig, who: Identity) -> None:
        self.here, self.who = here, who
        self.last: Message = {}
        self._kinds = {kind.__struct_config__.tag: kind for kind in here.dispatch.handlers}
        self._keys = 0

    async def request(self, op: str, **fields: Any) -> Message:
        command = msgspec.convert({"op": op, "ref": 1} | fields, self._kinds[op])
        reply: Message = msgspec.to_builtins(await self.here.do(command, self.who))
        return reply

    async def request_again(self, op: str, **fields: Any) -> Message:
        self.last = {"op": op} | fields
        return await self.request(op, **fields)

    def new_key(self) -> str:
        self._keys += 1
        return f"k{self._keys}"


class Scene:
    """A live room with a mug for sale, a host who may change things, and people."""

    def __init__(self, here: Rig) -> None:
        self.here = here
        self.host, self.ann, self.ben = (
            Person(here, who) for who in (HOST, viewer("ann"), viewer("ben"))
        )

    async def sale(self, stock: int = 5) -> str:
        await self.here.do(ShelfPut(ref=1, product=MUG))
        sale: str = (await self.host.sale_open("mug", 4900, stock, per_user=5))["sale"]
        return sale

    async def paid(self) -> Message:
        order = await self.ann.buy(await self.sale(), 3)
        return await self.ann.pay(order["order"])

    async def one_asked(self) -> tuple[str, list[Message]]:
        """Ann's paid order of three units, and one of them as a line to be given back."""
        order = await self.paid()
        return order["order"], [{"sale": order["lines"][0]["sale"], "qty": 1}]


Story = Callable[[Scene], AsyncIterator[Person]]


async def buy(s: Scene) -> AsyncIterator[Person]:
    order = await s.ann.buy(await s.sale(), 2)
    yield s.ann
    await s.ann.request("cancel", order=order["order"])


async def cancel(s: Scene) -> AsyncIterator[Person]:
    order = await s.ann.buy(await s.sale(), 2)
    await s.ann.cancel(order["order"])
    yield s.ann


async def pay(s: Scene) -> AsyncIterator[Person]:
    order = await s.paid()
    yield s.ann
    await s.host.request("order.return", order=order["order"])


async def coupon_claim(s: Scene) -> AsyncIterator[Person]:
    coupon = await s.host.coupon_open("Off", 5, percent=10, per_user=3)
    await s.ann.coupon_claim(coupon["coupon"])
    yield s.ann
    await s.host.coupon_close(coupon["coupon"])


async def bid(s: Scene) -> AsyncIterator[Person]:
    await s.here.do(ShelfPut(ref=1, product=MUG))
    auction = (await s.host.auction_open("mug", 100, 10, 60))["auction"]
    await s.ann.bid(auction, 500)
    yield s.ann
    await s.ben.bid(auction, 900)


async def vote(s: Scene) -> AsyncIterator[Person]:
    poll = (await s.host.poll_open("Which?", ["a", "b"]))["poll"]
    await s.ann.vote(poll, 1)
    yield s.ann
    await s.host.poll_close(poll)


async def lucky_enter(s: Scene) -> AsyncIterator[Person]:
    lucky = (await s.host.lucky_open("Mug", 1))["lucky"]
    await s.ann.lucky_enter(lucky)
    yield s.ann
    await s.host.lucky_draw(lucky)


async def waitlist(s: Scene) -> AsyncIterator[Person]:
    """The offer comes, and lapses or is given back, before the copy does."""
    sale = await s.sale(1)
    bens = await s.ben.buy(sale)
    await s.ann.waitlist(sale)
    yield s.ann
    await s.ben.request("cancel", order=bens["order"])
    [offer] = (await s.ann.request("orders"))["orders"]
    await s.ann.request("cancel", order=offer["order"])
    await s.ben.buy(sale)


async def waitlist_leave(s: Scene) -> AsyncIterator[Person]:
    sale = await s.sale(1)
    await s.ben.buy(sale)
    await s.ann.waitlist(sale)
    await s.ann.waitlist_leave(sale)
    yield s.ann


async def order_return(s: Scene) -> AsyncIterator[Person]:
    order, [line] = await s.one_asked()
    await s.host.order_return(order, lines=[{"sale": line["sale"], "returned": 1}])
    yield s.host
    await s.ann.return_ask(order, "damaged", lines=[line])


async def return_ask(s: Scene) -> AsyncIterator[Person]:
    order, lines = await s.one_asked()
    await s.ann.return_ask(order, "damaged", lines=lines)
    yield s.ann
    await s.host.return_answer(order, accept=True)


async def return_withdraw(s: Scene) -> AsyncIterator[Person]:
    order, lines = await s.one_asked()
    await s.ann.return_ask(order, "damaged", lines=lines)
    await s.ann.return_withdraw(order)
    yield s.ann
    await s.ann.request("return.ask", order=order, reason="late", lines=lines)


async def return_answer(s: Scene) -> AsyncIterator[Person]:
    order, lines = await s.one_asked()
    await s.ann.return_ask(order, "damaged", lines=lines)
    await s.host.return_answer(order, accept=True)
    yield s.host
    await s.ann.return_ask(order, "late", lines=lines)


async def follow(s: Scene) -> AsyncIterator[Person]:
    await s.ann.follow()
    yield s.ann


async def reserve(s: Scene) -> AsyncIterator[Person]:
    await s.ann.reserve()
    yield s.ann


async def group_join(s: Scene) -> AsyncIterator[Person]:
    await make(s.here)
    await s.ann.group_join()
    yield s.ann


async def group_leave(s: Scene) -> AsyncIterator[Person]:
    await make(s.here)
    await s.ann.group_join()
    await s.ann.group_leave()
    yield s.ann


STORIES: dict[str, tuple[Story, ...]] = {
    "buy": (buy,),
    "cancel": (cancel,),
    "pay": (pay,),
    "coupon.claim": (coupon_claim,),
    "bid": (bid,),
    "vote": (vote,),
    "lucky.enter": (lucky_enter,),
    "waitlist": (waitlist, waitlist_leave),
    "order.return": (order_return,),
    "return.ask": (return_ask,),
    "return.withdraw": (return_withdraw,),
    "return.answer": (return_answer,),
    "follow": (follow,),
    "reserve": (reserve,),
    "group.join": (group_join,),
    "group.leave": (group_leave,),
}
"""For each command: it is sent; what is done then by others, or by the same person elsewhere."""


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    """Nothing waits for long."""
    return make_settings(
        bus={"publish_interval_ms": 1, "watchdog_timeout_s": 600}, orders={"fair_window_ms": 0}
    )


async def kept(redis: Redis, prefix: str) -> dict[Any, bytes | None]:
    """All that is stored, byte for byte."""
    return {key: await redis.dump(key) for key in sorted(await redis.keys(f"{prefix}*"))}


def sent_again(*files: Path, by: str) -> set[str]:
    """The commands that the clients' sources hand to the method that repeats them."""
    return {
        op
        for file in files
        for op in re.findall(rf'{by}\(\s*"([a-z._]+)"', file.read_text(encoding="utf-8"))
    }


def test_every_command_that_a_client_repeats_stands_here() -> None:
    by_python = sent_again(*PYTHON.glob("*.py"), by="request_again")
    by_pages = sent_again(PAGES / "liveroom-commands.js", by="untilAnswered")

    assert by_python == STORIES.keys() | READS
    assert by_pages >= {"buy", "bid"}
    assert by_pages <= STORIES.keys()


@pytest.mark.parametrize(
    "story", [each for stories in STORIES.values() for each in stories], ids=lambda s: s.__name__
)
async def test_a_repeated_command_is_done_once(
    story: Story, room_settings: Settings, redis: Redis, prefix: str
) -> None:
    async with rig(room_settings, "w1") as here:
        await here.create(live=story is not reserve)
        person = None
        async for person in story(Scene(here)):
            sent = dict(person.last)
            before = await kept(redis, prefix)
            await person.request(**sent)  # nothing happened in between: it is answered alike
            assert await kept(redis, prefix) == before
        assert person is not None
        before = await kept(redis, prefix)
        with contextlib.suppress(CommandError):  # a copy may be refused, as long as it does nothing
            await person.request(**sent)
        assert await kept(redis, prefix) == before
