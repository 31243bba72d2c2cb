"""Reads the keys of tokens from where they are: a file, or the URL of a JWKS.

PyJWT's own client of a JWKS blocks the event loop, follows redirects anywhere, reads answers of any
size and keeps no keys while the URL is down.
"""

import asyncio
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from server.access.key_set import BadKeys
from server.settings.jwt import Jwt

_HEADERS = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}


class KeySource:
    """Reads the file or URL of the settings; `name` says which, for sentences."""

    def __init__(self, settings: Jwt) -> None:
        self._settings = settings
        self.is_remote = bool(settings.jwks_url)
        self.name = (  # what follows a question mark may be a secret
            f"jwt.jwks_url {settings.jwks_url.partition('?')[0]}"
            if self.is_remote
            else f"jwt.public_key_file {settings.public_key_file}"
        )

    async def read(self) -> bytes:
        """Return what is there now. Raises BadKeys."""
        if self.is_remote:
            return await self._fetch()
        return await asyncio.to_thread(self.read_file)

    def read_file(self) -> bytes:
        """Return what is in the file. Raises BadKeys."""
        most = self._settings.jwks_bytes_max
        try:
            with Path(self._settings.public_key_file).open("rb") as file:
                text = file.read(most + 1)
        except OSError as error:
            raise BadKeys(f"can't be read: {error.strerror}") from None
        if len(text) > most:
            raise BadKeys(_too_big(most))
        return text

    async def _fetch(self) -> bytes:
        """Ask the URL once, for at most `jwks_timeout_s`. Follows no redirects."""
        timeout = ClientTimeout(total=self._settings.jwks_timeout_s)
        try:
            async with (
                ClientSession(timeout=timeout, auto_decompress=False) as session,
                session.get(
                    self._settings.jwks_url, headers=_HEADERS, allow_redirects=False
                ) as response,
            ):
                if response.status != 200:
                    raise BadKeys(_refusal(response.status))
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise BadKeys("answers packed, though it was asked not to")
                text = b""
                async for part in response.content.iter_chunked(16_384):
                    text += part
                    if len(text) > self._settings.jwks_bytes_max:
                        raise BadKeys(_too_big(self._settings.jwks_bytes_max))
                return text
        except TimeoutError:
            waited_s = self._settings.jwks_timeout_s
            raise BadKeys(f"does not answer within {waited_s:g} s") from None
        except (ClientError, OSError) as error:
            raise BadKeys(f"can't be reached: {type(error).__name__}: {error}") from None


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return f"answers with a redirect ({status}): set it to the address that has the keys"
    return f"answers with the status {status}"


def _too_big(most: int) -> str:
    return f"is larger than {most} bytes (jwt.jwks_bytes_max)"
