"""The commands of the community as methods: asks, coupons, polls, draws, following, moderation."""

from abc import ABC, abstractmethod
from typing import Any

from .wire import Message


class CommunityCommands(ABC):
    """As `Commands`. What viewers send, but `ask`, is repeated until answered; the rest is not."""

    @abstractmethod
    async def request(self, op: str, **fields: Any) -> Message:
        """Send one command once."""

    @abstractmethod
    async def request_again(self, op: str, **fields: Any) -> Message:
        """Send one command until it is answered."""

    @abstractmethod
    def new_key(self) -> str:
        """A fresh idempotency key."""

    # Viewers

    async def ask(self, sku: str, text: str = "") -> Message:
        """Ask for a link, or with a text a question; the reply: `card`, `answers` or `question`."""
        return await self.request("ask", sku=sku, text=text)

    async def coupon_claim(self, coupon: str, key: str | None = None) -> Message:
        """Take a coupon; the claim. The same `key` gives the same claim, for ever."""
        reply = await self.request_again("coupon.claim", coupon=coupon, key=key or self.new_key())
        claim: Message = reply["claim"]
        return claim

    async def vote(self, poll: str, option: int) -> None:
        """Choose an option, counted from 0; once."""
        await self.request_again("vote", poll=poll, option=option)

    async def lucky_enter(self, lucky: str) -> None:
        """Enter a lucky draw; once."""
        await self.request_again("lucky.enter", lucky=lucky)

    async def bid(self, auction: str, most: int, key: str | None = None) -> Message:
        """Bid up to `most`; where one stands. The same `key` is the same bid, for ever."""
        reply = await self.request_again(
            "bid", auction=auction, max=most, key=key or self.new_key()
        )
        standing: Message = reply["standing"]
        return standing

    async def follow(self, *, on: bool = True) -> int:
        """Follow the host, or no longer; how many do."""
        total: int = (await self.request_again("follow", on=on)).get("total", 0)
        return total

    async def reserve(self, *, on: bool = True) -> int:
        """Reserve a place in a scheduled room, or no longer; how many did."""
        total: int = (await self.request_again("reserve", on=on)).get("total", 0)
        return total

    async def group_join(self) -> str:
        """Become a member of the host's fan group; the id of its room."""
        group: str = (await self.request_again("group.join"))["group"]
        return group

    async def group_leave(self) -> None:
        """Leave the host's fan group."""
        await self.request_again("group.leave")

    # The host

    async def question_take(self, question: str) -> Message:
        """Show the room which question is being answered; the question."""
        taken: Message = (await self.request("question.take", question=question))["question"]
        return taken

    async def question_answer(self, question: str, text: str) -> Message:
        """Answer a question; the question with its answer."""
        reply = await self.request("question.answer", question=question, text=text)
        answered: Message = reply["question"]
        return answered

    async def question_drop(self, question: str) -> None:
        """Take a question, or an answer, away."""
        await self.request("question.drop", question=question)

    async def coupon_open(self, title: str, quota: int, **terms: Any) -> Message:
        """Give out coupons of `amount` or `percent`, with `floor`, `audience`, ...; the coupon."""
        terms = {"currency": "CNY"} | terms
        coupon: Message = (await self.request("coupon.open", title=title, quota=quota, **terms))[
            "coupon"
        ]
        return coupon

    async def coupon_close(self, coupon: str) -> None:
        """Close a coupon: nobody can claim it any longer."""
        await self.request("coupon.close", coupon=coupon)

    async def poll_open(self, question: str, options: list[str], lasts_s: int = 0) -> Message:
        """Let the room choose; the poll."""
        poll: Message = (
            await self.request("poll.open", question=question, options=options, lasts_s=lasts_s)
        )["poll"]
        return poll

    async def poll_close(self, poll: str) -> Message:
        """Close a poll; returns it."""
        closed: Message = (await self.request("poll.close", poll=poll))["poll"]
        return closed

    async def lucky_open(self, title: str, prizes: int, **terms: Any) -> Message:
        """Open a lucky draw (`audience`, `lasts_s`); the draw."""
        lucky: Message = (await self.request("lucky.open", title=title, prizes=prizes, **terms))[
            "lucky"
        ]
        return lucky

    async def lucky_draw(self, lucky: str) -> Message:
        """Draw the winners now; the draw."""
        drawn: Message = (await self.request("lucky.draw", lucky=lucky))["lucky"]
        return drawn

    async def auction_open(
        self, sku: str, opening: int, increment: int, lasts_s: int, **terms: Any
    ) -> Message:
        """Auction a unit (`reserve`, `counter_bid_s`, `sudden_death`, `hold_s`); the auction."""
        terms = {"hold_s": 60} | terms
        reply = await self.request(
            "auction.open", sku=sku, opening=opening, increment=increment, lasts_s=lasts_s, **terms
        )
        auction: Message = reply["auction"]
        return auction

    async def auction_hammer(self, auction: str) -> Message:
        """Let the hammer fall after the time for a counter-bid; the auction."""
        warned: Message = (await self.request("auction.hammer", auction=auction))["auction"]
        return warned

    async def auction_cancel(self, auction: str, reason: str) -> Message:
        """Cancel an open auction; returns it."""
        reply = await self.request("auction.cancel", auction=auction, reason=reason)
        cancelled: Message = reply["auction"]
        return cancelled

    async def selling(self, *, on: bool) -> None:
        """Set whether open sales go on after the end of the stream."""
        await self.request("selling", on=on)

    async def moderator_add(self, user: str) -> None:
        """Make a user a moderator of this room."""
        await self.request("moderator.add", user=user)

    async def moderator_remove(self, user: str) -> None:
        """Make a moderator of this room a viewer again."""
        await self.request("moderator.remove", user=user)

    async def report(self, about: str, kind: str, thing: str = "", text: str = "") -> None:
        """Report the room (`about="room"`), or a comment, user, product or review by its id."""
        await self.request("report", about=about, kind=kind, id=thing, text=text)

    async def event_send(
        self, name: str, data: Any = None, *, delivery: str = "must", item: str = ""
    ) -> Message:
        """Tell a custom event; the reply has its `seq` or, of a `latest` one, its `ver`."""
        more = {"item": item} if item else {}
        return await self.request("event.send", name=name, data=data, delivery=delivery, **more)

    # Host and moderators

    async def desk(self) -> Message:
        """Return the view of host and moderators; fields at their defaults are absent."""
        desk: Message = (await self.request("desk"))["desk"]
        return desk

    async def comment_pin(self, comment: str) -> None:
        """Pin a recent comment above all others."""
        await self.request("comment.pin", id=comment)

    async def comment_unpin(self) -> None:
        """Unpin whatever comment is pinned."""
        await self.request("comment.unpin")

    async def comment_keep(self, comment: str) -> None:
        """Keep a comment for the replay."""
        await self.request("comment.keep", id=comment)

    async def words_put(self, words: list[str], action: str = "block") -> None:
        """Refuse comments with these words, or `hold` them for review."""
        await self.request("words.put", words=words, action=action)

    async def words_remove(self, words: list[str]) -> None:
        """Let these words pass again."""
        await self.request("words.remove", words=words)

    async def rules(self, **rules: Any) -> None:
        """Change `followers_only` (bool) or `review` (off, new, all); the others stay."""
        await self.request("rules", **rules)

    async def review_pass(self, comment: str) -> None:
        """Show a held comment to the room."""
        await self.request("review.pass", id=comment)

    async def review_drop(self, comment: str) -> None:
        """Throw a held comment away."""
        await self.request("review.drop", id=comment)

    async def reports(self) -> list[Message]:
        """Return what is reported in this room and waits for host or moderators."""
        reports: list[Message] = (await self.request("reports"))["reports"]
        return reports

    async def report_settle(self, thing: str, outcome: str, seconds: int = 3600) -> None:
        """Settle what was reported: `dismissed`, `removed`, or `muted` for some seconds."""
        await self.request("report.settle", thing=thing, outcome=outcome, seconds=seconds)

    async def rundown(self) -> list[Message]:
        """Return what is planned for the stream, in order, with the planned times."""
        items: list[Message] = (await self.request("rundown"))["rundown"]
        return items

    async def rundown_put(self, kind: str, title: str, **more: Any) -> str:
        """Plan something (`does`, `at`, `lasts_s`, `before`), or change `item`; its id."""
        reply = await self.request("rundown.put", kind=kind, title=title, **more)
        item: str = reply["item"]
        return item

    async def rundown_move(self, item: str, before: str = "") -> None:
        """Put an item before another one, or at the end."""
        await self.request("rundown.move", item=item, before=before)

    async def rundown_remove(self, item: str) -> None:
        """Plan an item no longer."""
        await self.request("rundown.remove", item=item)

    async def rundown_do(self, item: str) -> None:
        """Do an item: its command is run."""
        await self.request("rundown.do", item=item)

    async def rundown_mark(self, item: str, *, done: bool) -> None:
        """Note that an item is done, or that it is not."""
        await self.request("rundown.mark", item=item, done=done)

    async def prompts(self) -> list[Message]:
        """Return the lines on the host's screen, the newest last."""
        prompts: list[Message] = (await self.request("prompts"))["prompts"]
        return prompts

    async def prompt_send(self, text: str) -> None:
        """Put a line on the host's screen; viewers are never told."""
        await self.request("prompt.send", text=text)

    async def prompt_clear(self, prompt: str | None = None) -> None:
        """Take a line off the host's screen, or all of them."""
        await self.request("prompt.clear", **({} if prompt is None else {"prompt": prompt}))

    async def quick_replies(self) -> list[Message]:
        """Return the saved answers of the room's host."""
        replies: list[Message] = (await self.request("quick_replies"))["replies"]
        return replies

    async def quick_reply_save(self, text: str, reply: str | None = None) -> list[Message]:
        """Save an answer, or change one; all of them as they are then."""
        more = {} if reply is None else {"reply": reply}
        replies: list[Message] = (await self.request("quick_reply.save", text=text, **more))[
            "replies"
        ]
        return replies

    async def quick_reply_remove(self, reply: str) -> None:
        """Remove a saved answer (host)."""
        await self.request("quick_reply.remove", reply=reply)
