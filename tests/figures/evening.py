"""The evening of docs/metrics.md, as ledger lines and facts."""

from typing import Any

from server.features.figures.reckoning.fold import Fold
from server.features.figures.reckoning.models import Context, Figures

Dict = dict[str, Any]
START = 1_700_000_040_000 - 1_700_000_040_000 % 3_600_000
MINUTE = 60_000


def at(minute: float) -> int:
    """So many minutes after eight."""
    return START + int(minute * MINUTE)


def order(
    order_id: str,
    user: str,
    minute: float,
    *lines: tuple[str, int, int],
    source: str = "",
    off: int = 0,
    **more: Any,
) -> Dict:
    """A held order of lines (sku, qty, price)."""
    total = sum(qty * price for _, qty, price in lines) - off
    made = {
        "order": order_id, "user": user, "name": user.title(), "created": at(minute),
        "total": total, "currency": "CNY", "status": "held", "lines": [
            {"sale": f"s-{sku}", "sku": sku, "title": sku.title(), "qty": qty, "price": price}
            for sku, qty, price in lines
        ],
    }  # fmt: skip
    if source:
        made["source"] = {"kind": source, "id": ""}
    if off:
        made |= {"off": off, "coupon": "c1", "claim": f"claim-{user}"}
    return made | more


def steps(made: Dict, *statuses: tuple[str, float]) -> list[Dict]:
    """The ledger's lines of an order that goes through these (status, minute)."""
    lines = [{"k": "order", "at": made["created"], "order": made}]
    for status, minute in statuses:
        was = lines[-1]["order"]["status"]
        changed = made | {"status": status}
        lines.append({"k": "order", "at": at(minute), "was": was, "order": changed})
    return lines


def visits(worker: str, minute: float, came: list[Dict], left: list[tuple[int, float]]) -> Dict:
    """A fact of visits."""
    gone = [{"conn": conn, "at": at(when)} for conn, when in left]
    return {"k": "visits", "at": at(minute), "worker": worker, "came": came, "left": gone}


def came(user: str, conn: int, minute: float, source: str = "", guest: bool = False) -> Dict:
    """One arrival."""
    arrival: Dict = {"user": user, "conn": conn, "at": at(minute)}
    if source:
        arrival["source"] = {"kind": source, "id": ""}
    return arrival | ({"guest": True} if guest else {})


def question(question_id: str, status: str, asked: int) -> Dict:
    """A question as it is now."""
    return {"question": question_id, "status": status, "asked": asked}


MUG, SOFA = ("mug", 1, 10_000), ("sofa", 1, 50_000)
TERMS = {"title": "Ten off", "quota": 10, "currency": "CNY", "amount": 1000}

LEDGER: list[Dict] = [
    {"k": "sale", "at": at(0), "what": "opened", "sale": "s-mug", "add": 9},
    {"k": "announced", "at": at(0), "to": "reserved", "users": ["eve"]},
    {"k": "announced", "at": at(0), "to": "follow", "users": ["ben", "fay"]},
    {"k": "coupon", "at": at(1), "what": "opened", "coupon": "c1", "terms": TERMS},
    *steps(order("o1", "ann", 6, MUG, source="search"), ("paid", 7), ("returned", 50)),
    {"k": "coupon", "at": at(12), "what": "claimed", "coupon": "c1", "user": "ben"},
    {"k": "coupon", "at": at(12), "what": "claimed", "coupon": "c1", "user": "dan"},
    *steps(order("o2", "ben", 20, ("mug", 2, 10_000), source="feed", off=1000), ("paid", 21)),
    *steps(order("o3", "cat", 45, SOFA), ("paid", 46)),
    *steps(order("o4", "dan", 52, MUG), ("expired", 54)),
]

FACTS: list[Dict] = [
    {"k": "shelf", "at": at(-30), "put": {"sku": "mug", "title": "Mug"}, "by": "mei"},
    {"k": "reserve", "at": at(-20), "user": "ann", "on": True},
    {"k": "reserve", "at": at(-19), "user": "eve", "on": True},
    {"k": "reserve", "at": at(-18), "user": "gil", "on": True},
    {"k": "reserve", "at": at(-17), "user": "gil", "on": False},
    {"k": "phase", "at": at(0), "phase": "live", "by": "mei"},
    visits("w1", 0, [came("mei", 1, 0), came("ann", 2, 0, "search")], []),
    {"k": "pin", "at": at(5), "sku": "mug", "title": "Mug", "by": "mei"},
    visits("w1", 11, [came("ben", 3, 10, "feed")], []),
    visits("w2", 21, [came("cat", 1, 20), came("guest-1", 2, 20, guest=True)], [(2, 20.5)]),
    {"k": "follow", "at": at(21), "user": "cat", "on": True},
    {"k": "asks", "at": at(25), "asks": [{"user": "cat", "sku": "sofa", "by": "words"}]},
    {"k": "queued", "at": at(26), "question": question("q1", "open", 2)},
    {"k": "queued", "at": at(27), "question": question("q2", "open", 1)},
    {"k": "question", "at": at(28), "question": question("q1", "answering", 3)},
    {"k": "question", "at": at(29), "question": question("q1", "answered", 3)},
    visits("w1", 31, [came("cat", 4, 30)], [(2, 30)]),
    {"k": "poll", "at": at(32), "poll": {"poll": "p1", "votes": [0, 0], "status": "open"}},
    {"k": "poll", "at": at(34), "poll": {"poll": "p1", "votes": [3, 1], "status": "closed"}},
    {"k": "pin", "at": at(40), "sku": "sofa", "title": "Sofa", "by": "mei"},
    visits("w2", 41, [], [(1, 40)]),
    {"k": "lucky", "at": at(42), "lucky": {"lucky": "l1", "status": "open"}},
    {"k": "lucky", "at": at(43), "lucky": {"lucky": "l1", "status": "drawn"}},
    visits("w1", 51, [came("dan", 5, 50)], [(4, 50)]),
    {"k": "asks", "at": at(55), "asks": [{"user": "dan", "sku": "sofa", "by": "pin"}]},
    visits("w1", 60, [], [(3, 60), (5, 60), (1, 60)]),
    {"k": "phase", "at": at(60), "phase": "ended", "by": "mei"},
]

CONTEXT = Context(
    bought_before={"ann": at(7), "ben": at(-5000), "cat": at(46)},
    followed={"cat": at(21), "ben": at(21), "fay": at(-9)},
    belonged={"cat": [(at(44), 0)], "ben": [(at(-9), at(20))]},
    earlier=[{"gmv_gross.CNY": 50_000}, {"gmv_gross.CNY": 58_000}],
)


def fact_id(n: int, fact: Dict) -> str:
    """Facts are recorded when they happen; `n` keeps those of one millisecond apart."""
    return f"{fact['at']}-{n}"


def folded(
    ledger: list[Dict] = LEDGER, facts: list[Dict] = FACTS, host: str = "mei", **more: Any
) -> Fold:
    """The fold of these lines and facts."""
    fold = Fold("r1", host, **more)
    for number, line in enumerate(ledger, 1):
        fold.take_ledger(number, line)
    for n, fact in enumerate(facts):
        fold.take_fact(fact_id(n, fact), fact)
    return fold


def figures(
    ledger: list[Dict] = LEDGER,
    facts: list[Dict] = FACTS,
    context: Context = CONTEXT,
    now: int = at(70),
) -> Figures:
    """The figures at ten past nine."""
    return folded(ledger, facts).figures(now, context)
