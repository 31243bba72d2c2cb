"""Puts pseudonyms in the place of people, in what Redis and the archive keep.

Where a user's id stands is known, never guessed: an id may be a word that means something else
elsewhere, such as a sku. In packed maps it stands in the fields of `USER_FIELDS`. In names of
fields and in members it stands where its feature says (`Feature.people`), by a shape:

    <user>    the id            <sized user>   <bytes in the id>:<id>
    <other>   no slash in it    <rest>         anything
    <kind>    `claim/` or nothing             <sha1>         40 hex digits

A shape that ends with ` -> <name>` says that the value is the user's name.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

import msgpack

from server.records.retired import Part

USER_FIELDS = frozenset({"user", "by", "merchant"})
"""Fields of packed maps whose text is a user's id. A merchant's is that of the person who is one: a
host who sells their own goods."""
LIST_FIELDS = frozenset({"moderators", "users"})
"""Fields of packed maps whose texts are users' ids."""
TO_FIELD = b"u"
"""The field of a private event's entry that says whom it is for."""
REQUEST_KEYS = frozenset({"requests", "requests_due"})
"""Keys that hold answers as a client got them. What names a person is dropped from them: they last
a day."""

_MAPS_AND_LISTS = frozenset((*range(0x80, 0xA0), 0xDC, 0xDD, 0xDE, 0xDF))
FEW = 32
"""Up to so many people, bytes that name none are recognised before they are unpacked."""
_PLACES = {
    "<user>": "(?P<user>.*)", "<sized user>": "(?P<size>[0-9]+):(?P<sized>.*)",
    "<other>": "[^/]*", "<rest>": ".*", "<sha1>": "[0-9a-f]{40}",
    "<kind>": "(?:(?:claim|return|wait)/)?",
}  # fmt: skip
_NAME = " -> <name>"


class Pseudonyms:
    """Rewrites for some people: `gone` maps their ids to pseudonyms, `shapes` keys to shapes.

    The same bytes are always rewritten alike, so that copies of an entry stay equal.
    """

    def __init__(self, gone: Mapping[str, str], shapes: Mapping[str, str]) -> None:
        self.gone = gone
        self._ids = [user.encode() for user in gone] if len(gone) <= FEW else None
        self._shapes = {key: _Shape(shape, gone) for key, shape in shapes.items()}
        self._name_keys = {key for key, shape in shapes.items() if shape.endswith(_NAME)}

    async def over(self, batches: AsyncIterator[list[Part]]) -> AsyncIterator[list[Part]]:
        """Yield the same parts without the people."""
        async for parts in batches:
            without = []
            for part in parts:
                without.append(self.part(part))
                await asyncio.sleep(0)  # a large room takes long, and others wait for this loop
            yield without

    def part(self, part: Part) -> Part:
        """Return a part of a key without the people; the same if it names none."""
        items = self._items(part) if any(map(self._names_one, part.items)) else part.items
        return part._replace(items=items)

    def _items(self, part: Part) -> list[bytes]:
        key, items = part.key, part.items
        match part.kind:
            case "hash" | "zset" if key in REQUEST_KEYS:
                pairs = zip(items[::2], items[1::2], strict=True)
                return [
                    each for pair in pairs if not any(map(self._names_one, pair)) for each in pair
                ]
            case "hash":
                pairs = zip(items[::2], items[1::2], strict=True)
                return [each for field, value in pairs for each in self._field(key, field, value)]
            case "zset":
                return [
                    self._text(key, each) if n % 2 == 0 else each for n, each in enumerate(items)
                ]
            case "stream":
                return [self._fields(each) if n % 2 else each for n, each in enumerate(items)]
            case "set" | "list" | "string":
                return [self._value(key, each) for each in items]
            case _:
                return items

    def _field(self, key: str, field: bytes, value: bytes) -> tuple[bytes, bytes]:
        new = self._text(key, field)
        if new != field and key in self._name_keys:
            return new, self._pseudonym_in(key, field).encode()
        user = self._user_in(key, field)
        return new, self.body(value, self.gone[user] if user else "")

    def _value(self, key: str, value: bytes) -> bytes:
        rewritten = self.body(value)
        return rewritten if rewritten != value else self._text(key, value)

    def _fields(self, packed: bytes) -> bytes:
        """The fields of a stream's entry, packed as a list."""
        fields = msgpack.unpackb(packed)
        for at in range(1, len(fields), 2):
            user = fields[at].decode(errors="surrogateescape") if fields[at - 1] == TO_FIELD else ""
            fields[at] = self.gone[user].encode() if user in self.gone else self.body(fields[at])
        return bytes(msgpack.packb(fields))

    def _user_in(self, key: str, text: bytes) -> str:
        shape = self._shapes.get(key)
        found = shape.user_in(text) if shape else None
        return found[0] if found else ""

    def _pseudonym_in(self, key: str, text: bytes) -> str:
        return self.gone[self._user_in(key, text)]

    def _text(self, key: str, text: bytes) -> bytes:
        """A field's name or a member."""
        shape = self._shapes.get(key)
        found = shape.user_in(text) if shape else None
        if found is None:
            return text
        user, (start, end), is_sized = found
        new = self.gone[user].encode()
        if is_sized:
            new = b"%d:%b" % (len(new), new)
        return text[:start] + new + text[end:]

    def body(self, body: bytes, owner: str = "") -> bytes:
        """Return a packed map or list without the people; other bytes as they are.

        `owner` is the pseudonym of the one whom the field of a hash named: a `name` is theirs.
        """
        if not body or body[0] not in _MAPS_AND_LISTS or not (owner or self._names_one(body)):
            return body
        try:
            value = msgpack.unpackb(body, strict_map_key=False, unicode_errors="surrogateescape")
        except ValueError:  # a text that begins like a packed list
            return body
        if owner and isinstance(value, dict) and "name" in value:
            value["name"] = owner
        rewritten = self._walked(value)
        if rewritten == value and not owner:
            return body
        return bytes(msgpack.packb(rewritten, unicode_errors="surrogateescape"))

    def _names_one(self, item: bytes) -> bool:
        return self._ids is None or any(user in item for user in self._ids)

    def _walked(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._walked(each) for each in value]
        if not isinstance(value, dict):
            return self.body(value) if isinstance(value, bytes) else value
        new = {name: self._member(name, each, value) for name, each in value.items()}
        user = value.get("user")
        if isinstance(user, str) and user in self.gone:
            if "name" in new:
                new["name"] = self.gone[user]
            if "text" in new:
                new["text"] = ""
        if "meta" in new and self._is_of_one(value):
            new["meta"] = ""
        return new

    def _is_of_one(self, value: Mapping[Any, Any]) -> bool:
        """Whether a buy, or an order's line of the ledger, is of one of these people."""
        order = value.get("order")
        user = order.get("user") if isinstance(order, dict) else value.get("user")
        return isinstance(user, str) and user in self.gone

    def _member(self, name: Any, value: Any, of: Mapping[Any, Any]) -> Any:
        # Of somebody who asked for a product, `by` says how: by its number, by words.
        is_way = name == "by" and "user" in of and "sku" in of
        if isinstance(value, str) and name in USER_FIELDS and not is_way:
            return self.gone.get(value, value)
        if name == "once" and isinstance(value, str):
            return self._text("once", value.encode()).decode()
        if isinstance(value, list) and name in LIST_FIELDS:
            return [self.gone.get(each, each) if isinstance(each, str) else each for each in value]
        return self._walked(value)


class _Shape:
    """Finds one of some people in texts of a shape."""

    def __init__(self, shape: str, people: Collection[str]) -> None:
        self._people = people
        pieces = re.split(r"(<[a-z0-9 ]+>)", shape.removesuffix(_NAME))
        pattern = "".join(_PLACES.get(each) or re.escape(each) for each in pieces)
        self._pattern = re.compile(pattern.encode(), re.DOTALL)

    def user_in(self, text: bytes) -> tuple[str, tuple[int, int], bool] | None:
        """The person, where their id stands (with its size, if it is a sized one), and whether it
        is sized; None if the text names nobody of these."""
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        is_sized = "size" in found.groupdict()
        if is_sized:
            start, at = found.start("size"), found.start("sized")
            end = at + int(found["size"])
        else:
            start, end = found.span("user")
            at = start
        user = text[at:end].decode(errors="surrogateescape")
        return (user, (start, end), is_sized) if user in self._people else None
