"""The report: the sale that matters, marks of what happened, and at how many people it bends."""

from typing import Any

from loadtest.curves import curves
from loadtest.headroom import headroom, said_by_size
from loadtest.loading import load_scenario
from loadtest.marks import marks
from loadtest.report import html
from loadtest.scenario import Burst, Criteria, Drop, HostAct, Scenario, Stage
from loadtest.takings import Takings
from loadtest.tally import Told
from loadtest.truth import Books


def told(user: str, sale: str, said: str, room: str = "r") -> Told:
    return Told(user, f"{user}:{sale}", sale, 1, said, room=room)


def sale(name: str, sku: str, allocated: int = 10, sold: int = 0) -> dict[str, Any]:
    return {"sale": name, "sku": sku, "allocated": allocated, "sold": sold}


def paid(total: int, status: str = "paid") -> dict[str, Any]:
    return {"status": status, "total": total, "currency": "CNY"}


def test_the_sale_that_most_people_wanted_comes_first_whatever_its_name() -> None:
    takings = Takings()
    books = Books([], [sale("s1", "AAA", 500), sale("s2", "ZZZ", 5)], {})
    takings.add("r", books, [told("a", "s2", "ok"), told("b", "s2", "err:sold_out")])

    assert [it["sku"] for it in takings.sales()] == ["ZZZ", "AAA"]
    assert (takings.sales()[0]["asked"], takings.sales()[0]["got"]) == (2, 1)


def test_sales_of_the_same_id_in_two_rooms_are_two() -> None:
    takings = Takings()
    for room in ("r-1", "r-2"):
        takings.add(room, Books([], [sale("s1", "X")], {}), [told("a", "s1", "ok", "r-1")])

    assert [(it["room"], it["asked"]) for it in takings.sales()] == [("r-1", 1), ("r-2", 0)]


def test_only_what_is_paid_is_taken_and_an_hour_is_that_rate() -> None:
    takings = Takings()
    takings.add("r", Books([paid(50_000), paid(30_000), paid(9, "held")], [], {}), [])

    assert takings.per_hour(60, "CNY") == (120, 4_800_000)
    assert takings.per_hour(60, "JPY") == (120, 0), "money of another currency is not added"
    assert "2 orders were paid, 800.00 CNY" in takings.in_words(60)
    assert Takings().in_words(60) == ""


PLAYED = Scenario(
    "t",
    [Stage(20, 100), Stage(40, 200), Stage(60, 400)],
    {"viewer": 1},
    host=[HostAct(at_s=10, do="sale", sku="MUG", stock=7, starts_in_s=5)],
    burst=[Burst(30, 35, 6)],
    drop=[Drop(50, 0.5, 2)],
    criteria=Criteria(push_p99_ms={"must": 100}),
)


def test_t0_bursts_and_drops_are_marked() -> None:
    assert [(it.kind, it.at_s, it.until_s) for it in marks(PLAYED)] == [
        ("sale", 15, 15), ("burst", 30, 35), ("drop", 50, 52),
    ]  # fmt: skip
    chart = curves("c", "ms", {"a": [(0, 1.0), (60, 2.0)]}, [it._asdict() for it in marks(PLAYED)])
    assert chart.count('class="mark"') == 3
    assert "T0 of MUG, 7 units" in chart


def curve(must_ms: dict[int, float], cpu: float = 0.3) -> list[dict[str, Any]]:
    """A point a second of PLAYED; `must_ms` is the p99 from that many people on."""
    points = []
    for at_s in range(60):
        stage = PLAYED.users_at(at_s)
        assert stage is not None
        ms = max((limit for users, limit in must_ms.items() if users <= stage.users), default=1)
        point = {"at_s": at_s, "users": stage.users, "p99.push.must": ms, "server_cpu": cpu}
        points.append(point | {"orders_per_s": 1.0, "comments_per_s": 2.0})
    return points


def test_a_ramp_says_at_how_many_people_it_bends() -> None:
    said = headroom(PLAYED, curve({100: 20, 400: 300}))

    assert said[0].startswith("It held at 200 people and bends at 400: push of must p99 300 ms")


def test_a_ramp_that_does_not_bend_says_so_and_how_far_the_cpu_would_reach() -> None:
    said = headroom(PLAYED, curve({100: 20}, cpu=0.3))

    assert "did not bend up to 400 people" in said[0]
    assert "800 people like these" in said[1]


def test_a_crowd_that_does_not_grow_says_nothing_about_more() -> None:
    flat = Scenario("t", [Stage(30, 100), Stage(60, 100)], {"viewer": 1})

    assert headroom(flat, curve({})) == []
    assert headroom(PLAYED, []) == [], "a run that ended at once"


def test_the_model_is_asked_about_the_busiest_seconds() -> None:
    assert said_by_size(curve({}), PLAYED).startswith("400 viewers, 2 comments/s and 1 orders/s")


def test_the_page_draws_the_sale_that_matters_and_not_the_first_names() -> None:
    names = [f"A{n}" for n in range(8)] + ["ZZZ"]
    points = [
        {"at_s": at_s, "users": 5, "delivered_per_s": 1, "stock": dict.fromkeys(names, (9, 0, 0))}
        for at_s in range(5)
    ]  # fmt: skip
    page = html(
        {
            "passed": True, "title": "t", "verdict": [], "warnings": [], "curve": points,
            "orders": {"told_ok": 0, "told_refused": 0, "unanswered": 0}, "finished": "now",
            "latencies": {}, "counts": {}, "machine": {}, "server": {}, "harness": {},
            "truth": {}, "settings": {}, "marks": [], "headroom": ["It bends at 9."],
            "takings": "", "size": "5 viewers need: <1>",
            "sales": [
                {"room": "r", "sku": name, "allocated": 9, "asked": asked, "got": 0, "sold": 0}
                for asked, name in sorted(enumerate(names), reverse=True)
            ],
        }
    )  # fmt: skip

    assert "ZZZ left" in page
    assert "A0 left" not in page
    assert "It bends at 9." in page
    assert "5 viewers need: &lt;1&gt;" in page


def test_scaling_and_hurrying_keep_what_a_scenario_asks_for() -> None:
    whole = load_scenario("hundred-million")
    part = load_scenario("hundred-million", users=whole.users_max // 2, seconds=60)

    assert part.lasts_s == 60
    assert part.criteria.orders_per_hour_min == whole.criteria.orders_per_hour_min / 2
    assert len(part.host_acts()) == len(whole.host_acts())
    assert max(act.at_s for act in part.host_acts()) < 60
