"""What ledger and timeline add up to so far: line after line, fact after fact."""

from typing import Any

from server.features.figures.reckoning.attendance import FOREVER, Attendance, Span
from server.features.figures.reckoning.pins import Pins
from server.features.figures.reckoning.sold import Sold
from server.features.figures.reckoning.talk import Talk

Dict = dict[str, Any]


class Taken:
    """All that a room's ledger and timeline add up to so far.

    `host` is whose visits are none. A room that is `always_live` is a stream without start and end.
    What happened before `since_ms` is passed over.
    """

    def __init__(
        self, room: str, host: str, *, always_live: bool = False, since_ms: int = 0
    ) -> None:
        self.room = room
        self.ledger = 0
        """Number of the last ledger line taken."""
        self.timeline = ""
        """Id of the last fact taken."""
        self.sold = Sold(since_ms)
        self.attendance = Attendance(host)
        self.pins = Pins()
        self.talk = Talk()
        self.announced: set[str] = set()
        self.titles: dict[str, str] = {}
        self.started_ms: int | None = since_ms if always_live else None
        self.ended_ms: int | None = None
        self._since_ms = since_ms

    def take_ledger(self, number: int, line: Dict) -> None:
        """Add one line; one that was taken before changes nothing."""
        if number <= self.ledger:
            return
        self.ledger = number
        if line["k"] == "announced":
            self.announced.update(line["users"])
        else:
            self.sold.add_line(line)

    def take_fact(self, fact_id: str, fact: Dict) -> None:
        """Add one fact; one that was taken before changes nothing."""
        if self.timeline and place(fact_id) <= place(self.timeline):
            return
        self.timeline = fact_id
        if fact["at"] < self._since_ms:
            return
        match fact["k"]:
            case "visits":
                self.attendance.add_fact(fact)
            case "asks":
                self.talk.ask(fact, self.pins.now, started=self.started_ms is not None)
            case "pin":
                self._pin(fact)
            case "phase":
                self._phase(fact)
            case "shelf" if "put" in fact:
                self.titles[fact["put"]["sku"]] = fact["put"]["title"]
            case "queued" | "question":
                self.talk.question(fact)
            case "poll" | "lucky" | "follow" | "reserve" as kind:
                getattr(self.talk, kind)(fact)

    def _pin(self, fact: Dict) -> None:
        if fact["sku"]:
            self.titles[fact["sku"]] = fact.get("title") or fact["sku"]
        self.pins.pin(fact["sku"], fact["at"])

    def _phase(self, fact: Dict) -> None:
        if fact["phase"] == "live":
            self.started_ms = fact["at"]
        elif fact["phase"] == "ended":
            self.ended_ms = fact["at"]
            self.pins.pin("", fact["at"])

    @property
    def size(self) -> int:
        """How much there is to count when figures are asked for: visits and lines of orders."""
        return self.attendance.size + len(self.sold.lines)

    @property
    def stream(self) -> Span | None:
        """From its start to its end, or for ever; None before it starts."""
        if self.started_ms is None:
            return None
        return self.started_ms, FOREVER if self.ended_ms is None else self.ended_ms

    def first_order_times(self) -> list[int]:
        """From first arrival to the placing of the first sold order, of each buyer; sorted."""
        came = self.attendance.first_came
        return sorted(
            max(0, placed - came[user])
            for user, placed in self.sold.first_placed.items()
            if user in came
        )


def place(fact_id: str) -> tuple[int, int]:
    """The id of a fact, `<ms>-<n>`, as something that can be compared."""
    ms, _, n = fact_id.partition("-")
    return int(ms), int(n or 0)
