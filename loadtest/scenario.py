"""A scenario: the crowd, the host's acts and the criteria. `loading` reads it from a
TOML file.

docs/load-testing.md explains every key; `config/scenarios/` holds the ones that come with it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from loadtest.draw import Draw
from server.protocol.fields import Currency, Money, Name, Qty, Seconds, Sku, Text

Kind = Literal["viewer", "buyer", "lurker", "moderator", "abuser"]
Act = Literal[
    "sale", "restock", "close", "pin", "notice", "end", "coupon", "poll", "lucky", "draw", "answer"
]
Encoding = Literal["json", "msgpack", "mix"]
Habit = Literal["comment", "like", "look_at_orders", "ask", "follow"]
"""Acts of people on their own: methods of `users.Viewer`, which a `Buyer` has too."""
Share = Annotated[float, Meta(ge=0, le=1)]


class ScenarioError(Exception):
    """A scenario or people file can't be used; the text is one line that says why."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until `until_s` after the start there are to be `users`, coming `spawn_per_s` at a time."""

    until_s: float
    users: int
    spawn_per_s: float = 50


class HostAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act of the host at `at_s`, repeated every `every_s` until `until_s` if that is set.

    A `sale` is of a product of its own, named by `sku`; `restock` and `close` mean the newest one,
    `draw` the newest lucky draw. `answer` answers the question that most people asked, if there is
    one. With several rooms the host of each does it. Fields have the bounds of the commands that
    the host sends.
    """

    at_s: float
    do: Act
    every_s: float = 0
    until_s: float = 0
    sku: Sku = "SKU"
    price: Money = 9900
    stock: Qty = 100
    per_user: Qty = 1
    hold_s: Annotated[int, Meta(ge=1, le=86_400)] = 30
    starts_in_s: Seconds = 0
    lasts_s: Seconds = 0
    add: Qty = 10
    text: Text = ""
    amount: Money = 500
    floor: Money = 1000
    quota: Qty = 100
    options: Annotated[list[Name], Meta(min_length=2, max_length=4)] = msgspec.field(
        default_factory=lambda: ["1", "2"]
    )
    prizes: Annotated[int, Meta(ge=1, le=100)] = 1


class Burst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Between `from_s` and `until_s` people think `times` faster."""

    from_s: float
    until_s: float
    times: float


class Drop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At `at_s` this share of the connections breaks; they come back within `spread_s`."""

    at_s: float
    share: float = 1.0
    spread_s: float = 5


class Criteria(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of a run. Beside them always holds: nothing oversold, lost, doubled or left out.

    The limits are milliseconds at the 99th percentile: of replies by command, and of pushes by
    delivery class. `error_rate_max` is of commands; `delivered_min` is the share of a room's
    comments that reach a viewer or are told to it in a `gap`. `orders_per_hour_min` and
    `gmv_per_hour_min` (minor units of the scenario's currency) are what is paid, at the rate of
    the time in which anything was on sale.
    """

    reply_p99_ms: dict[str, float] = {}
    push_p99_ms: dict[str, float] = {}
    error_rate_max: float = 0.001
    delivered_min: float = 0.999
    memory_growth_max: float = 0
    orders_per_hour_min: float = 0
    gmv_per_hour_min: float = 0


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rehearsal. `crowd` gives shares of viewers, buyers, lurkers, moderators and abusers.

    All prices, amounts and floors of `host` are in minor units of `currency` (ISO 4217).
    """

    title: str
    stage: list[Stage]
    crowd: dict[Kind, float]
    rooms: int = 1
    currency: Currency = "CNY"
    host: list[HostAct] = []
    burst: list[Burst] = []
    drop: list[Drop] = []
    criteria: Criteria = Criteria()
    encoding: Encoding = "mix"
    deflate_share: float = 0
    calm_s: float = 5
    server: dict[str, str | int | float | bool] = {}
    name: str = ""

    @property
    def lasts_s(self) -> float:
        """Seconds from the first user to the end."""
        return self.stage[-1].until_s

    @property
    def users_max(self) -> int:
        """The most users at any time, the host included."""
        return max(stage.users for stage in self.stage)

    def users_at(self, at_s: float) -> Stage | None:
        """The stage in force; None when it is over."""
        return next((stage for stage in self.stage if at_s < stage.until_s), None)

    def haste(self, at_s: float) -> float:
        """Return the factor by which people are faster than usual now."""
        now = (burst.times for burst in self.burst if burst.from_s <= at_s < burst.until_s)
        return max(now, default=1.0)

    def host_acts(self) -> list[HostAct]:
        """Every single act of the host, repetitions written out, in order of time."""
        acts = []
        for act in self.host:
            if act.every_s <= 0:
                acts.append(act)
                continue
            times = int((act.until_s - act.at_s) / act.every_s) + 1
            acts.extend(
                msgspec.structs.replace(
                    act, at_s=act.at_s + n * act.every_s, every_s=0, sku=f"{act.sku}-{n + 1}"
                )
                for n in range(times)
            )
        return sorted(acts, key=lambda act: act.at_s)

    @property
    def sells_s(self) -> float:
        """Seconds from the first sale that opens to the calm at the end; 0 if nothing is sold."""
        opens = [act.at_s + act.starts_in_s for act in self.host_acts() if act.do == "sale"]
        return max(0.0, self.lasts_s - self.calm_s - min(opens)) if opens else 0.0


class People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The behaviour of people: pauses are drawn, habits are weights and shares."""

    think_s: dict[str, Draw]
    react_s: Draw
    pay_after_s: Draw
    viewer: dict[Habit, float]
    buyer: dict[Habit, float]
    pay_share: Share = 0.8
    cancel_share: Share = 0.1
    answer_s_max: Annotated[float, Meta(gt=0)] = 10
    claim_share: Share = 0.5
    vote_share: Share = 0.4
    enter_share: Share = 0.4
