"""Page tokens: what a page of the feed gave to whom, signed, so that only that can be reported as
seen."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import MsgspecError, Struct, msgpack

from server.features.feed.tables import SECRETS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.kept_secrets import kept_secret

VALID_S = 6 * 3600
"""How long a page can be reported as seen."""
TOKEN_CHARS_MAX = 8000
_MAC_BYTES = 15
_NAME = "pages"


class Given(NamedTuple):
    """A row that was given: the item, and the place for which it got it."""

    item: str
    place: str


class Page(Struct, array_like=True, frozen=True):
    """What a token says: when (Unix s) a page was made, its number, and its rows."""

    at: int
    number: bytes
    rows: list[tuple[str, str]]

    def given(self, row: int) -> Given:
        """The row of that place on the page."""
        return Given(*self.rows[row])


_PAGE = msgpack.Decoder(Page)
_REFUSED = (
    "`page` is none that this feed gave you, or older than six hours: take the `page` of an answer "
    "of GET /v1/feed as it is."
)


class PageTokens:
    """Writes and reads tokens. The secret is kept in the records, one for all workers."""

    def __init__(self, records: Database) -> None:
        self._records = records
        self._secret = b""

    async def load(self) -> None:
        """Read the secret, or make it. Raises RecordsAway."""
        if self._secret:
            return
        async with self._records.writing() as connection:
            self._secret = await kept_secret(connection, SECRETS, _NAME)

    def write(self, person: str, rows: Sequence[Given], now_s: int) -> str:
        """Return the token of a page that this person is given ('' for a guest)."""
        page = Page(now_s, secrets.token_bytes(8), [(each.item, each.place) for each in rows])
        said = msgpack.encode(page)
        return _text(self._mac(person, said) + said)

    def read(self, person: str, token: str, now_s: int) -> Page:
        """Return what a token says. Raises CommandError `bad_message` if it is not for them."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raise CommandError("bad_message", _REFUSED) from None
        mac, said = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if _text(raw) != token or not hmac.compare_digest(mac, self._mac(person, said)):
            raise CommandError("bad_message", _REFUSED)
        try:
            page = _PAGE.decode(said)
        except (MsgspecError, UnicodeDecodeError):
            raise CommandError("bad_message", _REFUSED) from None
        if not -60 <= now_s - page.at <= VALID_S:
            raise CommandError("bad_message", _REFUSED)
        return page

    def _mac(self, person: str, said: bytes) -> bytes:
        whole = b"liveroom feed\n" + person.encode() + b"\n" + said
        return hmac.digest(self._secret, whole, hashlib.sha256)[:_MAC_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
