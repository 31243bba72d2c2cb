"""Asks our server whether somebody may send or get a picture, as MediaMTX asks it."""

import aiohttp

from server.protocol.codes import ERRORS, CommandError

ASK_S_MAX = 10.0
_RETRY_MS = 2000


class Rights:
    """Asks by HTTP; `url` is known once the server listens."""

    def __init__(self, http: aiohttp.ClientSession, secret: str) -> None:
        self._http = http
        self._headers = {"Authorization": aiohttp.encode_basic_auth("relay", secret)}
        self.url = ""

    async def must_admit(self, action: str, path: str, token: str, query: str) -> None:
        """Raise CommandError with the server's code and sentence if they may not."""
        question = {
            "action": action,
            "path": path,
            "token": token,
            "query": query,
            "user": "",
            "password": "",
            "ip": "",
            "protocol": "webrtc",
            "id": None,
        }
        try:
            async with self._http.post(
                self.url,
                json=question,
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=ASK_S_MAX),
            ) as answer:
                if answer.ok:
                    return
                said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise CommandError(
                "unavailable",
                "The server that knows who may watch did not answer; nothing was begun.",
                _RETRY_MS,
            ) from error
        code = said.get("code") if isinstance(said, dict) else None
        raise CommandError(
            code if code in ERRORS else "forbidden",
            str(said.get("detail") or "The server says no.") if isinstance(said, dict) else "No.",
        )
