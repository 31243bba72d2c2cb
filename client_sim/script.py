"""An evening written down in TOML: minute by minute what the host and the crowd do."""

import math
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from client_sim import content
from client_sim.client.wire import Message
from client_sim.people import Manner
from client_sim.tokens import CannotRun

HOST_FIELDS: dict[str, dict[str, type]] = {
    "live.start": {},
    "live.end": {},
    "shelf.put": {"product": dict},
    "shelf.remove": {"sku": str},
    "pin": {"sku": str},
    "unpin": {},
    "sale.open": {"name": str, "sku": str, "price": int, "stock": int},
    "sale.price": {"sale": str, "price": int},
    "sale.restock": {"sale": str, "add": int},
    "sale.close": {"sale": str},
    "slow": {"seconds": int},
    "notice": {"text": str},
    "say": {"text": str},
    "question.take": {},
    "question.answer": {"text": str},
    "question.drop": {},
    "coupon.open": {"name": str, "title": str, "quota": int},
    "coupon.close": {"coupon": str},
    "poll.open": {"name": str, "question": str, "options": list},
    "poll.close": {"poll": str},
    "lucky.open": {"name": str, "title": str, "prizes": int},
    "lucky.draw": {"lucky": str},
    "auction.open": {
        "name": str,
        "sku": str,
        "opening": int,
        "increment": int,
        "lasts_s": int,
    },
    "auction.hammer": {"auction": str},
    "auction.cancel": {"auction": str, "reason": str},
    "selling": {"on": bool},
    "comment.keep": {},
    "comment.pin": {},
    "comment.unpin": {},
    "words.put": {"words": list, "action": str},
    "words.remove": {"words": list},
    "rules": {},
    "review.pass": {},
    "review.drop": {},
    "mute": {"person": int, "seconds": int},
    "moderator.add": {"person": int},
    "moderator.remove": {"person": int},
    "group.open": {"title": str, "admits": str},
    "shelf.pick": {"merchant": str, "goods": str, "units": int},
    "return.answer": {"accept": float, "answer": str},
    "parcels.send": {},
    "note.write": {"name": str, "title": str, "text": str},
    "note.draft": {},
}
"""Fields that a host step needs, by command; `say` is a comment, `group.open` makes the group.

`shelf.pick` picks an offer of a [[merchant]], who grants so many `units` of each variant, and puts
it on the shelf; `return.answer` accepts this part of all open requests and declines the others;
`parcels.send` has the host and all merchants send what is paid.

`note.write` publishes a note about the room, with so many drawn `pictures`, `tags` and goods of
`skus`; `note.draft` has the server draft one about the stream.

`name` names a note, sale, coupon, poll, lucky draw or auction for later steps. A question is the
one most asked, or the one being answered; a review takes the oldest comment that waits,
`comment.keep` and `comment.pin` the newest of a viewer. `person` is the number of one of the crowd.
"""

CROWD_FIELDS: dict[str, dict[str, type]] = {
    "comment": {"mood": str},
    "say": {"text": str},
    "like": {"n": int},
    "buy": {"sale": str},
    "leave": {},
    "drop": {},
    "ask": {"sku": str},
    "follow": {},
    "reserve": {},
    "group.join": {},
    "group.visit": {},
    "claim": {"coupon": str},
    "vote": {"poll": str},
    "enter": {"lucky": str},
    "bid": {"auction": str, "most": int},
    "cart": {"sales": list},
    "cancel": {},
    "return": {"reason": str},
    "review": {"stars": int},
    "note.open": {"note": str},
    "note.like": {"note": str},
    "note.unlike": {"note": str},
    "note.collect": {"note": str},
    "note.uncollect": {"note": str},
    "note.comment": {"note": str, "text": str},
    "note.ask": {"note": str, "text": str},
    "feed.read": {},
    "search": {"text": str},
}
"""The fields that a crowd step needs. `drop` loses the connection, `leave` goes away for a while.

`group.visit` sits down in the fan group too, until the end. With `room = "group"` a step of host or
crowd happens there; of the crowd those who sit there take part.

`note.…`, `feed.read` and `search` are done over HTTP, also by who is not in the room; who was not
yet there comes from the note, the feed or the search that they looked at last.

`bid` bids up to an amount that each draws below `most`, minor units; who wins pays, or doesn't.

Who takes part is `share` of those present, or so many `people`; with `first`, the people from that
number on. `cancel`, `return` and `review` are for those who have an order for that; `cart` buys of
several sales at once.
"""

CROWD_OPTIONS: dict[str, dict[str, type]] = {
    "like": {"times": int},
    "buy": {"qty": int, "pay": float, "coupon": str, "deliver": str},
    "cart": {"qty": int, "pay": float, "coupon": str, "deliver": str},
    "return": {"units": int, "note": str},
    "review": {"text": str},
    "leave": {"away_s": float},
    "ask": {"text": str},
    "follow": {"on": bool},
    "reserve": {"on": bool},
    "bid": {"pay": float},
}
"""Optional fields of a crowd step, besides `people` and `first`. The server checks a host's."""

NAMED = ("sale", "coupon", "poll", "lucky", "auction")
"""Things that a step can name, so that later steps can refer to them."""

BEFORE = frozenset(
    {"note.write", "feed.read", "search"} | {it for it in CROWD_FIELDS if it.startswith("note.")}
)
"""What can be done the day before."""

_KINDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
_TIME = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d\d)(?:\.(\d))?")


@dataclass(frozen=True, slots=True)
class Step:
    """An act at `at_s` seconds from the start, by a `share` of the crowd within `over_s`."""

    at_s: float
    who: str  # host or crowd
    act: str
    share: float
    over_s: float
    fields: Message
    where: str  # for messages: which step of the file
    in_group: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A script of `seconds`; `manner` says what people do by themselves, besides the steps."""

    title: str
    seconds: float
    manner: Manner = field(default_factory=lambda: Manner(shop=0.0))
    products: tuple[Message, ...] = ()
    merchants: tuple[Message, ...] = ()
    """Each with `merchant`, `name`, perhaps `fee`, and `goods`, which have their `offer`."""
    before: tuple[Step, ...] = ()
    """The day before, one after the other; the room is there, and nobody is in it."""
    steps: tuple[Step, ...] = field(default=())

    def faster(self, factor: float) -> Self:
        """The same evening in less time. Times within commands (holds, polls) stay."""
        steps = [
            replace(step, at_s=step.at_s / factor, over_s=step.over_s / factor)
            for step in self.steps
        ]
        return replace(self, seconds=self.seconds / factor, steps=tuple(steps))

    @property
    def goes_live(self) -> bool:
        """Whether a step of the script starts the stream."""
        return any(step.act == "live.start" for step in self.steps)


def read_script(path: Path) -> Script:
    """Read a script. Raises CannotRun with a sentence about the first thing wrong with it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotRun(f"The script {path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotRun(f"The script {path} is not TOML: {error}.") from None
    try:
        return _script(raw, path.stem)
    except _Wrong as wrong:
        raise CannotRun(f"The script {path} is wrong: {wrong}") from None


class _Wrong(Exception):
    """A sentence about a part of the file."""


def _script(raw: dict[str, Any], name: str) -> Script:
    _only(raw, {"title", "length", "people", "product", "merchant", "before", "step"}, "the file")
    people = raw.get("people", {})
    if not isinstance(people, dict):
        raise _Wrong("`people` is a table: write [people].")
    _only(people, {"chat", "shop", "roam", "arrive"}, "[people]")
    before = [_step_before(step, f"before {i}") for i, step in enumerate(_tables(raw, "before"), 1)]
    steps = [_step(step, f"step {i}") for i, step in enumerate(_tables(raw, "step"), 1)]
    last_s = max((step.at_s + step.over_s for step in steps), default=0)
    length_s = seconds(raw["length"], "length") if "length" in raw else last_s + 5
    if last_s > length_s:
        raise _Wrong(f"its last step ends at {last_s:g} s and `length` is {length_s:g} s.")
    _names_are_known(steps)
    _notes_are_known([*before, *steps])
    merchants = tuple(_merchant(it, n) for n, it in enumerate(_tables(raw, "merchant"), 1))
    _offers_are_known(steps, merchants)
    products = tuple({"currency": "CNY"} | product for product in _tables(raw, "product"))
    currency = (products or content.goods())[0]["currency"]
    for step in steps:
        if step.act == "coupon.open":
            step.fields.setdefault("currency", currency)
    return Script(
        title=str(raw.get("title", name)),
        seconds=length_s,
        manner=Manner(
            chat=_number(people, "chat", 1.0, "[people]"),
            shop=_number(people, "shop", 0.0, "[people]"),
            roam=_number(people, "roam", 0.3, "[people]"),
            arrive_s=seconds(people["arrive"], "[people]") if "arrive" in people else None,
        ),
        products=products,
        merchants=merchants,
        before=tuple(before),
        steps=tuple(sorted(steps, key=lambda step: step.at_s)),
    )


def _step(raw: dict[str, Any], where: str) -> Step:
    fields = dict(raw)
    if "at" not in raw or ("host" in raw) == ("crowd" in raw):
        raise _Wrong(f"{where} needs `at`, and either `host` or `crowd`.")
    at_s = seconds(fields.pop("at"), where)
    who = "host" if "host" in raw else "crowd"
    act = fields.pop(who)
    known = HOST_FIELDS if who == "host" else CROWD_FIELDS
    if not isinstance(act, str) or act not in known:
        raise _Wrong(f"{where}: a {who} can't `{act}`; it can {', '.join(known)}.")
    for name, kind in known[act].items():
        if not _is(fields.get(name), kind):
            raise _Wrong(f"{where}: `{act}` needs `{name}`, {_KINDS[kind]}.")
    share = _number(fields, "share", 1.0, where)
    fields.pop("share", None)
    over_s = seconds(fields.pop("over", "0:00"), where)
    room = fields.pop("room", "stream")
    if room not in ("stream", "group"):
        raise _Wrong(f"{where}: `room` is stream or group, not {room!r}.")
    if who == "crowd":
        _check_crowd(act, fields, where)
    return Step(at_s, who, act, share, over_s, fields, where, room == "group")


def _step_before(raw: dict[str, Any], where: str) -> Step:
    """A step of the day before: it has no time."""
    for name in ("at", "over", "room"):
        if name in raw:
            raise _Wrong(f"{where} has `{name}`: the day before, one step follows another.")
    step = _step(raw | {"at": "0:00"}, where)
    if step.act not in BEFORE:
        raise _Wrong(
            f"{where}: `{step.act}` needs the room; before it, {', '.join(sorted(BEFORE))}."
        )
    return step


def _check_crowd(act: str, fields: Message, where: str) -> None:
    """A crowd step's options: one that is misspelt would be passed over in silence."""
    options = {"people": int, "first": int} | CROWD_OPTIONS.get(act, {})
    _only(fields, set(options) | set(CROWD_FIELDS[act]), where)
    for name, kind in options.items():
        if name in fields and not _is(fields[name], kind):
            raise _Wrong(f"{where}: `{name}` is {fields[name]!r}, and must be {_KINDS[kind]}.")
        if name in fields and kind in (int, float) and fields[name] < 0:
            raise _Wrong(f"{where}: `{name}` is {fields[name]}, and can't be negative.")
    if act == "comment" and fields["mood"] not in content.moods():
        known = ", ".join(content.moods())
        raise _Wrong(f"{where}: there is no mood `{fields['mood']}`; known are {known}.")


def _tables(raw: Message, name: str) -> list[Message]:
    found = raw.get(name, [])
    if not (isinstance(found, list) and all(isinstance(one, dict) for one in found)):
        raise _Wrong(f"`{name}` is a list of tables: write [[{name}]].")
    return found


def _is(value: object, kind: type) -> bool:
    """Return whether a value is of a kind; a whole number is a float too, a bool is no number."""
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, kind)


def _number(raw: Message, name: str, default: float, where: str) -> float:
    value = raw.get(name, default)
    if not (_is(value, float) and value >= 0):
        raise _Wrong(f"{where}: `{name}` is {value!r}, and must be a number from 0.")
    return float(value)


def _names_are_known(steps: list[Step]) -> None:
    for kind in NAMED:
        names = _opened(steps, kind)
        for step in steps:
            name = step.fields.get(kind)
            if name is not None and name not in names:
                raise _Wrong(f"{step.where}: no `{kind}.open` has the name `{name}`.")
    for step in steps:
        sales = step.fields.get("sales", ["-"])
        if not (sales and all(isinstance(name, str) for name in sales)):
            raise _Wrong(f"{step.where}: `sales` are the names of sales, one at least.")
        if unknown := set(step.fields.get("sales", ())) - _opened(steps, "sale"):
            raise _Wrong(f"{step.where}: no `sale.open` has the name `{min(unknown)}`.")


def _notes_are_known(steps: list[Step]) -> None:
    """A note is written before it is read; in the file, that is."""
    names = {step.fields["name"] for step in steps if step.act == "note.write"}
    for step in steps:
        name = step.fields.get("note")
        if step.act.startswith("note.") and name is not None and name not in names:
            raise _Wrong(f"{step.where}: no `note.write` has the name `{name}`.")


def _opened(steps: list[Step], kind: str) -> set[str]:
    return {step.fields["name"] for step in steps if step.act == f"{kind}.open"}


def _merchant(raw: Message, n: int) -> Message:
    """A merchant as written; the server checks what goods and offers say."""
    where = f"merchant {n}"
    _only(raw, {"merchant", "name", "fee", "goods"}, where)
    for name, kind in {"merchant": str, "name": str, "goods": list}.items():
        if not _is(raw.get(name), kind):
            raise _Wrong(f"{where} needs `{name}`, {_KINDS[kind]}.")
    for goods in _tables(raw, "goods"):
        if not (_is(goods.get("goods"), str) and _is(goods.get("offer"), dict)):
            raise _Wrong(f"{where}: its goods need `goods`, a text, and `offer`, a table.")
    return raw


def _offers_are_known(steps: list[Step], merchants: tuple[Message, ...]) -> None:
    offers = {(it["merchant"], goods["goods"]) for it in merchants for goods in it["goods"]}
    for step in steps:
        if step.act == "shelf.pick":
            offer = step.fields["merchant"], step.fields["goods"]
            if offer not in offers:
                raise _Wrong(f"{step.where}: no [[merchant]] `{offer[0]}` has goods `{offer[1]}`.")


def _only(raw: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise _Wrong(f"{where} has `{unknown[0]}`; known are {', '.join(sorted(known))}.")


def seconds(text: object, where: str) -> float:
    """`1:30` as 90; `1:02:03.5` has hours and tenths."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise _Wrong(f'{where}: {text!r} is not a time; write "1:30" for a minute and a half.')
    hours, minutes, rest, tenths = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest + tenths / 10
