"""Turns a recording into a script: comments, likes, purchases and sales at their times.

People are played by simulated ones: whoever spoke n-th is the n-th viewer. Buys are read from the
stock counters, since nobody is told who bought; each goes to another viewer. What can't be played
again, moderation of single comments and the comings and goings, is left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from client_sim.client.wire import Message
from client_sim.people import Manner
from client_sim.recording import read_recording
from client_sim.script import Script, Step

LIKES_MAX = 50  # in one command, by the protocol
HOLD_S_MIN = 5  # the server's smallest hold
LEAD_S = 3.0  # for the viewers to come, before the first event
TAIL_S = 3.0


def script_of(path: Path, speed: float) -> Script:
    """The script that plays a recording `speed` times as fast. Raises CannotRun."""
    room, events = read_recording(path)
    steps = tuple(_Reader(room, events, speed).steps())
    last_s = max((step.at_s for step in steps), default=LEAD_S)
    return Script(
        title=room["title"],
        seconds=last_s + TAIL_S,
        manner=Manner(chat=0, shop=0, roam=0, arrive_s=LEAD_S / 2),
        products=tuple(room.get("shelf", [])),
        steps=steps,
    )


class _Reader:
    """Reads the events once and remembers the state that later events are compared with."""

    def __init__(self, room: Message, events: list[tuple[int, Message]], speed: float) -> None:
        self._room = room
        self._events = events
        self._speed = speed
        self._likes: int = room.get("likes", 0)
        self._sales: dict[str, Message] = {}
        self._speakers: dict[str, int] = {}
        self._buyers = 0
        self._taken: Counter[str] = Counter()  # by sale: the most units ever held and sold
        self._paid = _paid_shares(event for _, event in events)
        self._at_s = LEAD_S
        self._where = "the start"

    def steps(self) -> Iterator[Step]:
        """The steps, in the order of time."""
        for sale in self._room.get("sales", []):
            if sale["status"] != "closed":
                self._taken[sale["sale"]] = sale["held"] + sale["sold"]
                yield from self._sale(sale, sale["left"])
        for i, (ms, event) in enumerate(self._events, 2):
            self._at_s = LEAD_S + ms / 1000 / self._speed
            self._where = f"line {i}"
            yield from self._event(event)

    def _event(self, event: Message) -> Iterator[Step]:
        match event["t"]:
            case "comment":
                yield self._comment(event)
            case "likes":
                yield from self._liked(event["total"])
            case "sale":
                yield from self._sale(event["sale"], event["sale"]["allocated"])
            case "stock":
                yield from self._bought(event)
            case "phase" if event["phase"] == "ended":
                yield self._host("live.end")
            case "shelf" | "pin" | "notice" | "room":
                yield self._set(event)

    def _set(self, event: Message) -> Step:
        if event["t"] == "shelf" and "put" in event:
            return self._host("shelf.put", product=event["put"])
        if event["t"] == "shelf":
            return self._host("shelf.remove", sku=event["remove"])
        if event["t"] == "pin":
            sku = event.get("sku")
            return self._host("unpin") if sku is None else self._host("pin", sku=sku)
        if event["t"] == "notice":
            return self._host("notice", text=event["text"])
        return self._host("slow", seconds=event["slow_s"])

    def _comment(self, event: Message) -> Step:
        if event["role"] != "viewer":
            return self._host("say", text=event["text"])
        speaker = self._speakers.setdefault(event["user"], len(self._speakers))
        return self._crowd("say", first=speaker, people=1, text=event["text"])

    def _liked(self, total: int) -> Iterator[Step]:
        hearts, self._likes = total - self._likes, max(total, self._likes)
        while hearts > 0:
            yield self._crowd("like", people=1, n=min(hearts, LIKES_MAX))
            hearts -= LIKES_MAX

    def _sale(self, sale: Message, stock: int) -> Iterator[Step]:
        known = self._sales.get(sale["sale"])
        self._sales[sale["sale"]] = sale
        name = sale["sale"]
        if known is None:
            hold_s = max(HOLD_S_MIN, round(sale["hold_s"] / self._speed))
            terms = {key: sale[key] for key in ("sku", "price", "per_user", "kind") if key in sale}
            if stock > 0 and sale["status"] != "closed":
                yield self._host("sale.open", name=name, stock=stock, hold_s=hold_s, **terms)
        elif sale["price"] != known["price"]:
            yield self._host("sale.price", sale=name, price=sale["price"])
        elif sale["allocated"] > known["allocated"]:
            yield self._host("sale.restock", sale=name, add=sale["allocated"] - known["allocated"])
        elif sale["status"] == "closed" != known["status"]:
            yield self._host("sale.close", sale=name)
        elif sale["status"] == "closed":
            return  # what is left of a merchant's units goes home by itself
        elif sale["allocated"] < known["allocated"] and self._was_lowered(sale):
            yield self._host("sale.restock", sale=name, stock=sale["allocated"])

    def _was_lowered(self, sale: Message) -> bool:
        """Return whether the host took units away; a cancelled order leaves fewer taken."""
        return bool(sale["held"] + sale["sold"] >= self._taken[sale["sale"]])

    def _bought(self, stock: Message) -> Iterator[Step]:
        name, taken = stock["sale"], stock["held"] + stock["sold"]
        bought, self._taken[name] = taken - self._taken[name], taken
        if bought > 0 and name in self._sales:
            first, self._buyers = self._buyers, self._buyers + bought
            pay = self._paid.get(name, 1.0)
            yield self._crowd("buy", first=first, people=bought, sale=name, pay=pay)

    def _host(self, act: str, **fields: object) -> Step:
        return Step(self._at_s, "host", act, 1.0, 0.0, fields, self._where)

    def _crowd(self, act: str, **fields: object) -> Step:
        return Step(self._at_s, "crowd", act, 1.0, 0.0, fields, self._where)


def _paid_shares(events: Iterable[Message]) -> dict[str, float]:
    """By sale: how many of its buyers paid, as far as the counters tell."""
    taken: Counter[str] = Counter()
    bought: Counter[str] = Counter()
    sold: dict[str, int] = {}
    for event in events:
        if event["t"] == "stock":
            sale, now = event["sale"], event["held"] + event["sold"]
            bought[sale] += max(0, now - taken[sale])
            taken[sale], sold[sale] = now, event["sold"]
    return {sale: min(1.0, sold[sale] / n) for sale, n in bought.items() if n}
