"""A room's raw lines and facts, made searchable: nothing is added up here."""

import sqlite3
from typing import Any, NamedTuple

Dict = dict[str, Any]


class Raw(NamedTuple):
    """One room as Redis has it: ledger and timeline, whole and in order."""

    room: str
    host: str
    ledger: list[Dict]
    timeline: list[Dict]
    group: bool = False
    recorded: tuple[int, ...] = ()
    """When each fact was recorded (Unix ms): it may have happened a moment before."""


class Orders:
    """The ledger as two tables in SQL: orders as they ended up, and their lines."""

    def __init__(self, raw: Raw) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.executescript(
            """create table o (id text primary key, user text, status text, total int, cur text,
                 created int, paid_at int, kind text, src text, off int, coupon text, replay int,
                 grp int, back int);
               create table l (id text, sku text, qty int, amount int, title text, back int,
                 back_amount int);"""
        )
        for line in raw.ledger:
            if line["k"] == "order":
                self._take(line["at"], line["order"])
        self.db.commit()

    def __del__(self) -> None:
        self.db.close()

    def _take(self, at: int, order: Dict) -> None:
        known = self.db.execute("select paid_at from o where id = ?", [order["order"]]).fetchone()
        paid_at = known[0] if known else None
        if order["status"] == "paid" and paid_at is None:
            paid_at = at
        source = order.get("source") or {"kind": "", "id": ""}
        whole = order["status"] == "returned"
        row = [
            order["order"], order["user"], order["status"], order["total"], order["currency"],
            order["created"], paid_at, source["kind"], source.get("id", ""), order.get("off", 0),
            order.get("coupon", ""), bool(order.get("replay")), bool(order.get("group")),
            order.get("back", order["total"] if whole else 0),
        ]  # fmt: skip
        self.db.execute(f"insert or replace into o values ({','.join('?' * len(row))})", row)
        self.db.execute("delete from l where id = ?", [order["order"]])
        for line in order["lines"]:
            amount = line["qty"] * line["price"]
            back = line.get("returned", line["qty"] if whole else 0)
            values = [
                order["order"], line["sku"], line["qty"], amount, line["title"], back,
                back * line["price"],
            ]  # fmt: skip
            self.db.execute("insert into l values (?,?,?,?,?,?,?)", values)

    def rows(self, sql: str, *args: Any) -> list[Any]:
        return self.db.execute(sql, args).fetchall()

    def one(self, sql: str, *args: Any) -> Any:
        return self.db.execute(sql, args).fetchone()[0] or 0

    def money(self, where: str = "1", *args: Any) -> Dict:
        sql = f"select cur, sum(total) from o where paid_at is not null and {where} group by cur"
        return dict(self.rows(sql, *args))

    def money_back(self) -> Dict:
        sql = "select cur, sum(back) from o where paid_at is not null and back group by cur"
        return dict(self.rows(sql))

    def lines(self, what: str, where: str, *args: Any) -> list[Any]:
        return self.rows(
            f"select {what} from l join o using (id) where paid_at is not null and {where}", *args
        )


class Visits:
    """The visits as (user, guest, source, from, to), by walking all facts for each."""

    def __init__(self, raw: Raw) -> None:
        facts = [fact for fact in raw.timeline if fact["k"] == "visits"]
        self.all: list[tuple[str, bool, tuple[str, str], int, int]] = []
        seen: set[tuple[str, int]] = set()
        for i, fact in enumerate(facts):
            for came in fact["came"]:
                conn = (fact["worker"], came["conn"])
                if conn in seen or came["user"] == raw.host:
                    continue
                seen.add(conn)
                ends = [
                    left["at"]
                    for later in facts[i:]
                    if later["worker"] == fact["worker"]
                    for left in later["left"]
                    if left["conn"] == came["conn"]
                ]
                if not ends:
                    ends = [max(f["at"] for f in facts if f["worker"] == fact["worker"])]
                source = came.get("source") or {"kind": "", "id": ""}
                end = max(ends[0], came["at"] + 1)
                key = (source["kind"], source.get("id", ""))
                self.all.append((came["user"], bool(came.get("guest")), key, came["at"], end))

    @property
    def users(self) -> list[tuple[str, bool, tuple[str, str], int, int]]:
        return [visit for visit in self.all if not visit[1]]

    def watched(self, start: int, end: int) -> dict[str, int]:
        """user -> ms within, by counting how many connections are open from edge to edge."""
        found = {}
        for user in {visit[0] for visit in self.users}:
            edges = []
            for who, _, _, came, left in self.users:
                if who == user and max(came, start) < min(left, end):
                    edges += [(max(came, start), 1), (min(left, end), -1)]
            open_now, total, since = 0, 0, 0
            for at, step in sorted(edges):
                total += at - since if open_now else 0
                open_now, since = open_now + step, at
            if total:
                found[user] = total
        return found
