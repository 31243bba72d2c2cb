"""Who issues tokens elsewhere: keys that change, and the URL where the public ones stand."""

import asyncio
import base64
import functools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

JWKS_PATH = "/keys"


class SigningKey(NamedTuple):
    """A private key, and the `kid` that its tokens name."""

    kid: str | None
    algorithm: str
    private: Any

    @property
    def jwk(self) -> dict[str, Any]:
        """Its public half, as a JWKS has it."""
        implementation = jwt.get_algorithm_by_name(self.algorithm)
        whole: dict[str, Any] = implementation.to_jwk(self.private.public_key(), as_dict=True)
        return {k: v for k, v in whole.items() if k != "key_ops"} | (
            {"kid": self.kid} if self.kid else {}
        )

    @property
    def pem(self) -> str:
        """Its public half in PEM."""
        public = self.private.public_key()
        pem: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem.decode()

    @property
    def private_pem(self) -> str:
        """The key itself in PEM."""
        pem: bytes = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem.decode()

    def token(self, sub: str = "u1", *, kid: Any = ..., **claims: Any) -> str:
        """A token of this user, signed with this key; `kid` None names none."""
        named = self.kid if kid is ... else kid
        whole = {"sub": sub, "exp": int(time.time()) + 3600, "iat": time.time()} | claims
        headers = {} if named is None else {"kid": named}
        return jwt.encode(whole, self.private, self.algorithm, headers=headers)


@functools.cache
def signing_key(kid: str | None, algorithm: str = "ES256", number: int = 0) -> SigningKey:
    """One of the keys that these tests have; each is made once."""
    assert number >= 0
    private: Any
    if algorithm == "RS256":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = ec.generate_private_key(ec.SECP256R1())
    return SigningKey(kid, algorithm, private)


def jwks(*keys: SigningKey | dict[str, Any]) -> bytes:
    """The keys as a JWKS."""
    listed = [key.jwk if isinstance(key, SigningKey) else key for key in keys]
    return json.dumps({"keys": listed}).encode()


def segment(value: Any) -> str:
    """A part of a token made by hand."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class KeyHouse:
    """A server that shows keys: `answer` makes what it says, `asked` counts how often it is."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.asked = 0
        self.body = jwks()
        self.status = 200
        self.headers: dict[str, str] = {}
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()

    def show(self, *keys: SigningKey | dict[str, Any]) -> None:
        """From now on these are the keys."""
        self.body, self.status, self.headers = jwks(*keys), 200, {}

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.was_asked.set()
        body, status, headers = self.body, self.status, self.headers
        if request.query_string:  # where a redirect leads
            status, headers = 200, {}
        await self.may_answer.wait()
        return web.Response(
            body=body, status=status, headers={"Content-Type": "application/json"} | headers
        )


@asynccontextmanager
async def key_house(*keys: SigningKey) -> AsyncIterator[KeyHouse]:
    """Show these keys at `url`."""
    house = KeyHouse()
    house.show(*keys)
    app = web.Application()
    app.router.add_get(JWKS_PATH, house.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    house.url = f"http://127.0.0.1:{runner.addresses[0][1]}{JWKS_PATH}"
    try:
        yield house
    finally:
        house.may_answer.set()
        await runner.cleanup()
