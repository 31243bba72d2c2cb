"""An evening written down in TOML: minute by minute what the host and the crowd do."""

import math
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from client_sim import content
from client_sim.people import Manner
from client_sim.tokens import CannotRun
from client_sim.wire import Message

HOST_FIELDS: dict[str, dict[str, type]] = {
    "live.start": {},
    "live.end": {},
    "shelf.put": {"product": dict},
    "shelf.remove": {"sku": str},
    "pin": {"sku": str},
    "unpin": {},
    "sale.open": {"name": str, "sku": str, "price": int, "stock": int},
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
    "selling": {"on": bool},
    "comment.keep": {},
    "words.put": {"words": list, "action": str},
    "words.remove": {"words": list},
    "rules": {},
    "review.pass": {},
    "review.drop": {},
    "mute": {"person": int, "seconds": int},
    "moderator.add": {"person": int},
    "moderator.remove": {"person": int},
    "group.open": {"title": str, "admits": str},
}
"""Fields that a host step needs, by command; `say` is a comment, `group.open` makes the group.

`name` names a sale, coupon, poll or lucky draw for later steps. A question is the one most asked,
or the one being answered; a review takes the oldest comment that waits, `comment.keep` the newest
of a viewer. `person` is the number of one of the crowd.
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
}
"""The fields that a crowd step needs. `drop` loses the connection, `leave` goes away for a while.

`group.visit` sits down in the fan group too, until the end. With `room = "group"` a step of host or
crowd happens there; of the crowd those who sit there take part.

Who takes part is `share` of those present, or so many `people`; with `first`, the people from that
number on.
"""

CROWD_OPTIONS: dict[str, dict[str, type]] = {
    "like": {"times": int},
    "buy": {"qty": int, "pay": float, "coupon": str},
    "leave": {"away_s": float},
    "ask": {"text": str},
    "follow": {"on": bool},
    "reserve": {"on": bool},
}
"""Optional fields of a crowd step, besides `people` and `first`. The server checks a host's."""

NAMED = ("sale", "coupon", "poll", "lucky")
"""Things that a step can name, so that later steps can refer to them."""

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
    _only(raw, {"title", "length", "people", "product", "step"}, "the file")
    people = raw.get("people", {})
    if not isinstance(people, dict):
        raise _Wrong("`people` is a table: write [people].")
    _only(people, {"chat", "shop", "roam", "arrive"}, "[people]")
    steps = [_step(step, f"step {i}") for i, step in enumerate(_tables(raw, "step"), 1)]
    last_s = max((step.at_s + step.over_s for step in steps), default=0)
    length_s = seconds(raw["length"], "length") if "length" in raw else last_s + 5
    if last_s > length_s:
        raise _Wrong(f"its last step ends at {last_s:g} s and `length` is {length_s:g} s.")
    _names_are_known(steps)
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
        names = {step.fields["name"] for step in steps if step.act == f"{kind}.open"}
        for step in steps:
            name = step.fields.get(kind)
            if name is not None and name not in names:
                raise _Wrong(f"{step.where}: no `{kind}.open` has the name `{name}`.")


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
