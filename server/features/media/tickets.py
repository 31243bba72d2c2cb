"""Tickets and stream keys: who may send or get the picture of one room.

A ticket is for one thing in one room and must be used soon: `<what>.<end>.<mac>`, its end in Unix
seconds. A stream key lasts until it is made anew: `key.<number>.<mac>`, where the room knows the
number of the one in force. Both are HMACs under `media.secret`, so that nothing secret is stored
and no ticket has to be looked up. They hold no `:`, which MediaMTX would take for the end of a
user's name.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Literal

Right = Literal["send", "get"]

_MAC_BYTES = 18
_NUMBER_DIGITS_MAX = 15


class Tickets:
    """Makes and checks both. `secret` is `media.secret`; `clock` gives Unix seconds."""

    def __init__(
        self, secret: str, ticket_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._secret = secret.encode()
        self._ticket_s = ticket_s
        self._clock = clock

    def ticket(self, right: Right, room_id: str) -> tuple[str, int]:
        """Return a ticket, and its end in Unix ms."""
        end = int(self._clock() + self._ticket_s)
        return self._signed(right, end, room_id), end * 1000

    def is_ticket(self, text: str, right: Right, room_id: str) -> bool:
        """Whether the text is a ticket of the room for that, and not yet over."""
        end = self._number_in(text, right, room_id)
        return end is not None and end > self._clock()

    def key(self, number: int, room_id: str) -> str:
        """Return the room's stream key of that number; '' for 0, which is none."""
        return self._signed("key", number, room_id) if number else ""

    def is_key(self, text: str, number: int, room_id: str) -> bool:
        """Whether the text is the room's stream key of that number."""
        return number > 0 and self._number_in(text, "key", room_id) == number

    def _number_in(self, text: str, what: str, room_id: str) -> int | None:
        """The number that a text of ours has; None if it is not ours, or for something else."""
        said, _, rest = text.partition(".")
        digits, _, _ = rest.partition(".")
        if said != what or len(digits) > _NUMBER_DIGITS_MAX or not digits.isdecimal():
            return None
        ours = self._signed(what, int(digits), room_id)
        return int(digits) if hmac.compare_digest(ours.encode(), text.encode()) else None

    def _signed(self, what: str, number: int, room_id: str) -> str:
        said = f"liveroom media\n{what}\n{number}\n{room_id}".encode()
        mac = hmac.digest(self._secret, said, hashlib.sha256)[:_MAC_BYTES]
        return f"{what}.{number}.{base64.urlsafe_b64encode(mac).decode()}"
