"""Follows the keys of tokens while they change: the last good ones count until there are new ones.

They are read every `jwt.jwks_refresh_s`, and once more when a token names a key that is not known,
at most every `jwt.jwks_cooldown_s`: strangers can name any key. All who wait for a reading share
it. After a reading that failed they are tried again as soon as that.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Any, Self

from server.access.key_set import BadKeys, KeySet, read_key_set
from server.access.key_source import KeySource
from server.background.repeating import Errands, Repeating
from server.protocol.codes import CommandError
from server.settings import Settings, SettingsError

_log = logging.getLogger(__name__)


class TokenKeys:
    """The keys, known in the constructor if they are in a file. An async context manager that
    follows them.

    Raises SettingsError if the file has no keys for us. `changed` is called when other keys
    count than before, `counted` with `ok` or `failed` after each reading.
    """

    def __init__(self, settings: Settings, counted: Callable[[str], None] = lambda _: None) -> None:
        self._settings = settings.jwt
        self._source = KeySource(settings.jwt)
        self._counted = counted
        self._errands = Errands("token keys", answered=(BadKeys,))
        limits = settings.jwt
        self._repeating = Repeating(
            "keys of tokens", self._refresh, limits.jwks_refresh_s, first_s=limits.jwks_cooldown_s
        )
        self._reading: asyncio.Task[None] | None = None
        self._began_at = -math.inf
        """Loop time when the last reading began."""
        self._why = ""
        """Why the last reading failed; empty if it did not."""
        self.changed: list[Callable[[], None]] = []
        self.keys = KeySet()
        if not self._source.is_remote:
            try:
                self.keys = self._understood(self._source.read_file())
            except BadKeys as why:
                raise SettingsError(f"{self._source.name} {why}.") from None

    async def __aenter__(self) -> Self:
        if self._source.is_remote:
            await self._wait(self._begin())
        self._repeating.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._repeating.stop()
        await self._errands.aclose()

    def why_not_ready(self) -> str:
        """Return why nobody's token can be checked yet; empty if keys are known."""
        return "" if len(self.keys) else f"{self._source.name} {self._why or 'is not read yet'}."

    async def look_again(self, kid: str | None) -> bool:
        """Read the keys again for a key that is not known.

        Return whether it was looked for since this call; then it does not exist. Raises
        CommandError `unavailable` if it may exist, with the time after which to ask again.
        """
        loop = asyncio.get_running_loop()
        if self._reading is not None and not self._reading.done():
            is_own = False  # it may have begun before the key was published
            await self._wait(self._reading)
        elif loop.time() - self._began_at >= self._settings.jwks_cooldown_s:
            is_own = True
            await self._wait(self._begin())
        else:
            is_own = False
        if self.keys.for_kid(kid):
            return True
        if is_own and not self._why:
            return True
        left_s = self._began_at + self._settings.jwks_cooldown_s - loop.time()
        raise CommandError(
            "unavailable",
            "The key that signed this token is not known here yet, and the keys can't be read "
            "just now; send it again.",
            max(100, math.ceil(left_s * 1000)),
        )

    async def _refresh(self) -> float | None:
        """Read the keys; return the time until the next try if that failed."""
        await self._wait(self._begin())
        limits = self._settings
        return min(limits.jwks_cooldown_s, limits.jwks_refresh_s) if self._why else None

    def _begin(self) -> "asyncio.Task[None]":
        """Begin to read, or return the reading under way."""
        if self._reading is None or self._reading.done():
            self._began_at = asyncio.get_running_loop().time()
            self._reading = self._errands.start(self._read())
        return self._reading

    async def _wait(self, reading: "asyncio.Task[None]") -> None:
        """Wait for the end of a reading, however it ends; who stops waiting doesn't stop it."""
        await asyncio.wait([reading])

    async def _read(self) -> None:
        try:
            keys = self._understood(await self._source.read())
        except BadKeys as why:
            self._note(str(why))
            return
        self._note("")
        if keys != self.keys:
            _log.info("%s has %d keys that are new or fewer.", self._source.name, len(keys))
            self.keys = keys
            for tell in self.changed:
                tell()

    def _understood(self, text: bytes) -> KeySet:
        limits: Any = self._settings
        return read_key_set(
            text, limits.algorithm, limits.keys_max, whole=not self._source.is_remote
        )

    def _note(self, why: str) -> None:
        self._counted("failed" if why else "ok")
        if why and why != self._why:
            _log.error(
                "%s %s. The %d keys known so far go on counting.",
                *(self._source.name, why, len(self.keys)),
            )
        elif self._why and not why:
            _log.info("%s can be read again.", self._source.name)
        self._why = why
