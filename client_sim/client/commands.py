"""The commands of the protocol as methods, for classes that send one and await its reply."""

from .community_commands import CommunityCommands
from .wire import Message


def _given(**fields: object) -> Message:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


class Commands(CommunityCommands):
    """Each method sends one command and returns the content of its reply.

    All raise CommandRefused, Unanswered and RoomClosed. Those that are done once however often they
    are sent are repeated while the server is away: with a key `buy`, `buy_lines`, `bid`,
    `coupon_claim`, `waitlist`, `return_ask`, `return_withdraw` and `return_answer`, without one
    `pay`, `cancel`, `orders`, `order_return`, `waitlist_leave`, `vote`, `lucky_enter`, `follow`,
    `reserve`, `group_join`, `group_leave` and `ping`. The others are sent once. Prices are in the
    currency's minor unit.
    """

    async def ping(self) -> int:
        """The server's time, Unix ms."""
        now: int = (await self.request_again("ping"))["now"]
        return now

    async def comment(self, text: str, reply_to: str | None = None) -> str:
        """Say something, or answer a comment; the new comment's id."""
        comment: str = (await self.say(text, reply_to))["id"]
        return comment

    async def say(self, text: str, reply_to: str | None = None) -> Message:
        """The same; returns the whole reply: `card` after an ask for the link, `held`, ..."""
        if reply_to is None:
            return await self.request("comment", text=text)
        return await self.request("comment", text=text, reply_to=reply_to)

    async def like(self, n: int = 1) -> None:
        """Send `n` hearts, 1 to 50."""
        await self.request("like", n=n)

    async def buy(
        self,
        sale: str,
        qty: int = 1,
        key: str | None = None,
        *,
        claim: str | None = None,
        at_most: int | None = None,
    ) -> Message:
        """Hold units of a sale; the order. The same `key` gives the same order, for ever.

        `claim` is the claimed coupon to use, `at_most` the total that one agreed to.
        """
        using = _given(claim=claim, at_most=at_most)
        key = key or self.new_key()
        reply = await self.request_again("buy", sale=sale, qty=qty, key=key, **using)
        order: Message = reply["order"]
        return order

    async def buy_lines(
        self,
        lines: dict[str, int],
        key: str | None = None,
        *,
        claim: str | None = None,
        at_most: int | None = None,
    ) -> Message:
        """Hold units of several sales, `{sale: qty}`, all or nothing; the order."""
        cart = [{"sale": sale, "qty": qty} for sale, qty in lines.items()]
        using = _given(claim=claim, at_most=at_most)
        reply = await self.request_again("buy", lines=cart, key=key or self.new_key(), **using)
        order: Message = reply["order"]
        return order

    async def pay(self, order: str, **where: str) -> Message:
        """Pay an order; the order as it is then. `where` it goes: `address`, an id of the own book,
        or `deliver`, the shop's reference."""
        paid: Message = (await self.request_again("pay", order=order, **where))["order"]
        return paid

    async def cancel(self, order: str) -> Message:
        """Give a held order back; the order as it is then."""
        cancelled: Message = (await self.request_again("cancel", order=order))["order"]
        return cancelled

    async def orders(self) -> list[Message]:
        """One's own orders in this room, newest first."""
        orders: list[Message] = (await self.request_again("orders")).get("orders", [])
        return orders

    async def waitlist(self, sale: str, qty: int = 1, key: str | None = None) -> int:
        """Queue for units of a sold-out sale; one's place, 1 is next. An offer is an `order`."""
        key = key or self.new_key()
        place: int = (await self.request_again("waitlist", sale=sale, qty=qty, key=key))["place"]
        return place

    async def waitlist_leave(self, sale: str) -> None:
        """Give the place in a sale's queue up."""
        await self.request_again("waitlist", sale=sale, leave=True)

    async def order_return(
        self, order: str, *, restock: bool = False, lines: list[Message] | None = None
    ) -> Message:
        """Take a paid order back (host), or units: `lines` of {sale, returned} say how many are
        back in all. The order as it is then."""
        fields = {} if lines is None else {"lines": lines}
        reply = await self.request_again("order.return", order=order, restock=restock, **fields)
        returned: Message = reply["order"]
        return returned

    async def return_ask(
        self,
        order: str,
        reason: str,
        *,
        note: str = "",
        lines: list[Message] | None = None,
        key: str | None = None,
    ) -> Message:
        """Ask to give one's paid order back, or `lines` of {sale, qty}; the order as it is then.

        The same `key` is the same request for ever, even if it was answered meanwhile.
        """
        fields = _given(lines=lines, key=key or self.new_key())
        reply = await self.request_again(
            "return.ask", order=order, reason=reason, note=note, **fields
        )
        asked: Message = reply["order"]
        return asked

    async def return_withdraw(self, order: str, key: str | None = None) -> Message:
        """Take one's own request away; the order as it is then. The same `key` takes no later
        request away."""
        key = key or self.new_key()
        reply = await self.request_again("return.withdraw", order=order, key=key)
        withdrawn: Message = reply["order"]
        return withdrawn

    async def return_answer(
        self,
        order: str,
        *,
        accept: bool,
        answer: str = "",
        restock: bool = False,
        key: str | None = None,
    ) -> Message:
        """Accept or decline a buyer's request (host); the order as it is then. The same `key`
        answers no later request."""
        said = {"accept": accept, "answer": answer, "restock": restock}
        reply = await self.request_again(
            "return.answer", order=order, key=key or self.new_key(), **said
        )
        answered: Message = reply["order"]
        return answered

    async def live_start(self) -> None:
        """Go live (host)."""
        await self.request("live.start")

    async def live_end(self, *, selling: bool = False) -> None:
        """End the stream (host); with `selling` open sales go on."""
        await self.request("live.end", selling=selling)

    async def live_cancel(self, reason: str = "") -> None:
        """Cancel the room before its stream starts (host)."""
        await self.request("live.cancel", reason=reason)

    async def room_change(self, **changes: object) -> None:
        """Change the room (host): what is left out stays as it is, None clears it."""
        await self.request("room.change", **changes)

    async def shelf_put(self, product: Message) -> None:
        """Put a product on the shelf or replace the one of the same sku (host)."""
        await self.request("shelf.put", product=product)

    async def shelf_remove(self, sku: str) -> None:
        """Take a product off the shelf (host)."""
        await self.request("shelf.remove", sku=sku)

    async def shelf_move(self, sku: str, before: str = "") -> None:
        """Put a product before another one of the shelf, or at the end (host)."""
        await self.request("shelf.move", sku=sku, before=before)

    async def shelf_edit(self, rows: list[Message]) -> Message:
        """Change many products, all rows or none (host); how many were `added` and `changed`."""
        return await self.request("shelf.edit", rows=rows)

    async def shelf_pick(self, pick: str, skus: list[str] | None = None) -> list[str]:
        """Put the goods of a pick on the shelf (host), or the variants of these `skus` alone; the
        skus there."""
        fields = {} if skus is None else {"skus": skus}
        reply = await self.request("shelf.pick", pick=pick, **fields)
        on_shelf: list[str] = reply["skus"]
        return on_shelf

    async def pin(self, sku: str) -> None:
        """Pin the product being explained (host)."""
        await self.request("pin", sku=sku)

    async def unpin(self) -> None:
        """Unpin whatever is pinned (host)."""
        await self.request("unpin")

    async def sale_open(
        self,
        sku: str,
        price: int,
        stock: int,
        *,
        per_user: int = 1,
        hold_s: int = 300,
        starts_in_s: int = 0,
        lasts_s: int = 0,
        kind: str = "flash",
        starts_at: int | None = None,
        base: str | None = None,
    ) -> Message:
        """Open a sale (host); the sale. `lasts_s` 0 means until closed. `kind` is `flash` or
        `standing`; `base` is the standing sale that a flash sale takes its units from."""
        terms = {"price": price, "stock": stock, "per_user": per_user, "hold_s": hold_s}
        times = {"starts_in_s": starts_in_s, "lasts_s": lasts_s}
        more = _given(kind=None if kind == "flash" else kind, starts_at=starts_at, base=base)
        reply = await self.request("sale.open", sku=sku, **terms, **times, **more)
        sale: Message = reply["sale"]
        return sale

    async def sale_price(self, sale: str, price: int) -> Message:
        """Change the price of a standing sale (host); the sale."""
        priced: Message = (await self.request("sale.price", sale=sale, price=price))["sale"]
        return priced

    async def sale_close(self, sale: str) -> None:
        """Close a sale (host)."""
        await self.request("sale.close", sale=sale)

    async def sale_restock(self, sale: str, add: int) -> None:
        """Add units to a sale (host)."""
        await self.request("sale.restock", sale=sale, add=add)

    async def sale_stock(self, sale: str, stock: int) -> None:
        """Set how many units a sale has in all; no fewer than are held and sold (host)."""
        await self.request("sale.restock", sale=sale, stock=stock)

    async def comment_remove(self, comment: str) -> None:
        """Take a comment back for everybody (host, moderator)."""
        await self.request("comment.remove", id=comment)

    async def mute(self, user: str, seconds: int, *, shadow: bool = False) -> None:
        """Silence a user; 0 lifts it (host, moderator). With `shadow` they are not told."""
        await self.request("mute", user=user, seconds=seconds, shadow=shadow)

    async def slow(self, seconds: int) -> None:
        """At most one comment a user every `seconds`; 0 lifts it (host, moderator)."""
        await self.request("slow", seconds=seconds)

    async def notice(self, text: str) -> None:
        """Show a line to everybody; empty takes it away (host, moderator)."""
        await self.request("notice", text=text)
