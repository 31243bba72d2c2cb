"""A viewer's memory of the events about stock."""

import hashlib

from client_sim.checks import Findings
from client_sim.client.wire import Message
from client_sim.record import Record


class StockBook:
    """Sales and their counters as one viewer saw them; `finish` checks the sums against the record.

    A `stock` event does not say what was allocated, and a restock may be told a moment later, so
    its sum is held against all allocations anybody saw, at the end.
    """

    def __init__(self, who: str, findings: Findings, record: Record) -> None:
        self._who = who
        self._findings = findings
        self._record = record
        self._stock_ver: dict[str, int] = {}
        self._sale_ver: dict[str, int] = {}
        self._draw_hash: dict[str, str] = {}
        self._sums: dict[str, set[int]] = {}

    def start_anew(self) -> None:
        """Forget the versions: with a new epoch Redis may have lost what it told before."""
        self._stock_ver.clear()
        self._sale_ver.clear()

    def stock(self, stock: Message) -> None:
        """Check a `stock` event."""
        sale, ver = stock["sale"], stock["ver"]
        known = self._stock_ver.get(sale, 0)
        self._see("stock_forward", ver >= known, f"stock of {sale} went from ver {known} to {ver}")
        self._stock_ver[sale] = max(ver, known)
        self._counts(stock)

    def sale(self, sale: Message) -> None:
        """Check a whole sale, from an event or a snapshot."""
        name, ver = sale["sale"], sale["ver"]
        known = self._sale_ver.get(name, 0)
        self._see("stock_forward", ver >= known, f"sale {name} went from ver {known} to {ver}")
        self._sale_ver[name] = max(ver, known)
        total = sale["left"] + sale["held"] + sale["sold"]
        words = f"sale {name} has {total} units of {sale['allocated']} allocated"
        self._see("stock_adds_up", total == sale["allocated"], words)
        self._record.allocated.setdefault(name, set()).add(sale["allocated"])
        self._counts(sale)
        if sale.get("draw_hash"):
            self._draw_hash[name] = sale["draw_hash"]

    def draw(self, draw: Message) -> None:
        """Check a `draw` event: nobody chose the seed after the entries were known."""
        promised = self._draw_hash.get(draw["sale"])
        if promised is not None:
            kept = hashlib.sha1(draw["seed"].encode(), usedforsecurity=False).hexdigest()
            words = f"the seed {draw['seed']} of sale {draw['sale']} has not the hash {promised}"
            self._see("fair_draw", kept == promised, words)

    def finish(self) -> None:
        """Check the sums of all `stock` events."""
        for sale, sums in self._sums.items():
            wrong = sums - self._record.allocated.get(sale, set())
            words = f"sale {sale} had {sorted(wrong)} units, which it was never allocated"
            self._see("stock_adds_up", not wrong, words)

    def _counts(self, stock: Message) -> None:
        counts = stock["left"], stock["held"], stock["sold"]
        words = f"stock of {stock['sale']}: left, held, sold = {counts}"
        self._see("stock_adds_up", min(counts) >= 0, words)
        self._sums.setdefault(stock["sale"], set()).add(sum(counts))

    def _see(self, check: str, holds: bool, sentence: str) -> None:
        self._findings.see(check, holds, self._who, sentence)
