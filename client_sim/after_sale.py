"""Acts as buyers do after they bought: cancel, ask to give back, look at what was shown, review."""

from collections.abc import Callable, Mapping

from client_sim.client.wire import Message
from client_sim.people import Person
from client_sim.tokens import CannotRun

Fits = Callable[[Message], bool]


def _is_held(order: Message) -> bool:
    return bool(order["status"] == "held")


def _can_come_back(order: Message) -> bool:
    return bool(order["status"] == "paid" and not order.get("request"))


def _is_kept(order: Message) -> bool:
    asked = order.get("request", {}).get("status")
    return bool(order["status"] == "paid" and asked not in ("asked", "accepted"))


NEEDS: Mapping[str, Fits] = {"cancel": _is_held, "return": _can_come_back, "review": _is_kept}
"""Acts about an own order, and which order fits."""


def first_order(person: Person, fits: Fits) -> Message | None:
    """The person's oldest order that fits; None if there is none."""
    if person.room is None:
        return None
    orders = sorted(person.room.state.orders.values(), key=lambda it: (it["created"], it["order"]))
    return next((order for order in orders if fits(order)), None)


async def cancel(person: Person, _: Message) -> None:
    """Give a held order back."""
    order = first_order(person, _is_held)
    if person.room is not None and order is not None:
        await person.room.cancel(order["order"])


async def ask_back(person: Person, fields: Message) -> None:
    """Ask to give an order back: all of it, or so many `units` of its first line. Who says that it
    is not as shown looks at its moment first."""
    order = first_order(person, _can_come_back)
    if person.room is None or order is None:
        return
    if fields["reason"] == "not_as_shown":
        await _look(person, order)
    lines = None
    if "units" in fields:
        line = order["lines"][0]
        lines = [{"sale": line["sale"], "qty": min(fields["units"], line["qty"])}]
    note = fields.get("note", "")
    await person.room.return_ask(order["order"], fields["reason"], note=note, lines=lines)


async def _look(person: Person, order: Message) -> None:
    """Read the moment of an order, and compare it with what was bought."""
    if person.at_counter is None:
        return
    try:
        async with person.at_counter() as rest:
            moment = await rest.read(f"rooms/{order['room']}/orders/{order['order']}/moment")
    except CannotRun as error:
        person.witness.see("moments_told", False, str(error))
        return
    for line, shown in zip(order["lines"], moment["lines"], strict=True):
        product = shown.get("product") or {}
        told = shown["sku"], shown["price"], product.get("title"), product.get("merchant", "")
        bought = line["sku"], line["price"], line["title"], line.get("merchant", "")
        words = f"order {order['order']} has {bought}, its moment shows {told}"
        person.witness.see("moments_told", told == bought, words)


async def review(person: Person, fields: Message) -> None:
    """Review the first line of an order that was kept."""
    order = first_order(person, _is_kept)
    if order is not None and person.at_counter is not None:
        path = f"rooms/{order['room']}/orders/{order['order']}/reviews/{order['lines'][0]['sale']}"
        body = {"stars": fields["stars"], "text": fields.get("text", "")}
        try:
            async with person.at_counter() as rest:
                await rest.write("PUT", path, body)
        except CannotRun as error:
            person.witness.see("answered", False, str(error))
