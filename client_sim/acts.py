"""The acts of the crowd in a script: one function each, given a person and the step's fields."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from client_sim import after_sale
from client_sim.client.errors import CommandRefused, Unanswered
from client_sim.client.wire import Message
from client_sim.people import Person

Act = Callable[[Person, Message], Awaitable[None]]


async def _comment(person: Person, fields: Message) -> None:
    await person.comment(fields["mood"])


async def _say(person: Person, fields: Message) -> None:
    await person.say(fields["text"])


async def _like(person: Person, fields: Message) -> None:
    await person.like(fields["n"], fields.get("times", 1))


async def _buy(person: Person, fields: Message) -> None:
    qty, pay = fields.get("qty", 1), fields.get("pay", 0.8)
    sales = fields.get("sales") or [fields["sale"]]
    more = {name: fields.get(name, "") for name in ("coupon", "deliver")}
    await person.buy(sales, qty, pay, **more)


async def _leave(person: Person, fields: Message) -> None:
    person.step_out(fields.get("away_s"))


async def _drop(person: Person, _: Message) -> None:
    person.drop()


async def _ask(person: Person, fields: Message) -> None:
    if person.room is not None:
        await person.room.ask(fields["sku"], fields.get("text", ""))


async def _follow(person: Person, fields: Message) -> None:
    if person.room is not None:
        await person.room.follow(on=fields.get("on", True))


async def _reserve(person: Person, fields: Message) -> None:
    if person.room is not None:
        await person.room.reserve(on=fields.get("on", True))


async def _group_join(person: Person, _: Message) -> None:
    if person.room is not None:
        await person.room.group_join()


async def _group_visit(person: Person, _: Message) -> None:
    await person.visit_group()


async def _claim(person: Person, fields: Message) -> None:
    if person.room is not None:
        await person.room.coupon_claim(fields["coupon"], person.new_key())


async def _vote(person: Person, fields: Message) -> None:
    if person.room is not None:
        poll = person.room.state.view["poll"]
        if poll is not None and poll["poll"] == fields["poll"]:
            await person.room.vote(fields["poll"], person.choose(len(poll["options"])))


async def _enter(person: Person, fields: Message) -> None:
    if person.room is not None:
        await person.room.lucky_enter(fields["lucky"])


async def _bid(person: Person, fields: Message) -> None:
    await person.bid(fields["auction"], fields["most"], fields.get("pay", 0.8))


async def _say_in_group(person: Person, fields: Message) -> None:
    if person.group is not None:
        await person.group.say(fields["text"])


async def _buy_in_group(person: Person, fields: Message) -> None:
    qty, pay = fields.get("qty", 1), fields.get("pay", 0.8)
    await person.buy([fields["sale"]], qty, pay, in_group=True)


IN_STREAM: Mapping[str, Act] = {
    "comment": _comment,
    "say": _say,
    "like": _like,
    "buy": _buy,
    "leave": _leave,
    "drop": _drop,
    "ask": _ask,
    "follow": _follow,
    "reserve": _reserve,
    "group.join": _group_join,
    "group.visit": _group_visit,
    "claim": _claim,
    "vote": _vote,
    "enter": _enter,
    "bid": _bid,
    "cart": _buy,
    "cancel": after_sale.cancel,
    "return": after_sale.ask_back,
    "review": after_sale.review,
}
IN_GROUP: Mapping[str, Act] = {"say": _say_in_group, "buy": _buy_in_group}


def can(person: Person, name: str) -> bool:
    """Return whether a person has the order that an act is about, if it is about one."""
    needs = after_sale.NEEDS.get(name)
    return needs is None or after_sale.first_order(person, needs) is not None


async def act(person: Person, name: str, fields: Message, *, in_group: bool) -> None:
    """Have a person do something. What the server refuses is theirs to live with."""
    with suppress(CommandRefused, Unanswered):
        await (IN_GROUP if in_group else IN_STREAM)[name](person, fields)
