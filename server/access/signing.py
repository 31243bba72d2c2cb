"""How messages between servers are signed, in and out: HMAC-SHA256 over time and body.

The header holds `t=<Unix seconds>,v1=<hex>`, the code being that of `<t>.<body>`, as Stripe does it
(https://docs.stripe.com/webhooks#verify-manually).
"""

import hashlib
import hmac

HEADER = "Liveroom-Signature"


class BadSignature(Exception):
    """A message is not what the holder of the secret sent lately; the text says why."""


def sign(secret: bytes, at: int, body: bytes) -> str:
    """The header's value for a body sent at `at` (Unix seconds)."""
    code = hmac.new(secret, b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={code}"


def verify(secret: bytes, header: str, body: bytes, now_s: float, tolerance_s: float) -> None:
    """Raises BadSignature unless the body was signed within `tolerance_s` of now."""
    parts = [part.strip().partition("=") for part in header.split(",", 8)]
    stamps = [value for name, _, value in parts if name == "t"]
    codes = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()) or not codes:
        raise BadSignature(f"the header {HEADER} must be t=<seconds>,v1=<hex>")
    if len(stamps[0]) > 12 or abs(now_s - int(stamps[0])) > tolerance_s:
        raise BadSignature("it is too old, or a replay")
    expected = sign(secret, int(stamps[0]), body).partition("v1=")[2]
    # Several codes are sent while a secret is being changed. Bytes that are no text come as halves
    # of characters, which cannot be compared.
    if not any(given.isascii() and hmac.compare_digest(expected, given) for given in codes):
        raise BadSignature("it is not signed with our secret")
