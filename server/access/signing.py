"""Signs and verifies messages between servers with HMAC-SHA256 over time and body.

The header is `t=<Unix seconds>,v1=<hex>`; the code signs `<t>.<body>`, as Stripe does
(https://docs.stripe.com/webhooks#verify-manually).
"""

import hashlib
import hmac

HEADER = "Liveroom-Signature"


class BadSignature(Exception):
    """A message was not recently signed with the secret; the text says why."""


def sign(secret: bytes, at: int, body: bytes, *older: bytes) -> str:
    """Return the header's value for a body sent at `at` (Unix seconds); with `older` secrets, which
    are being replaced, it has a code of each."""
    text = b"%d." % at + body
    codes = (hmac.new(each, text, hashlib.sha256).hexdigest() for each in (secret, *older))
    return f"t={at}," + ",".join(f"v1={code}" for code in codes)


def verify(secret: bytes, header: str, body: bytes, now_s: float, tolerance_s: float) -> None:
    """Verify that the body was signed within `tolerance_s` of now. Raises BadSignature."""
    parts = [part.strip().partition("=") for part in header.split(",", 8)]
    stamps = [value for name, _, value in parts if name == "t"]
    codes = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()) or not codes:
        raise BadSignature(f"the header {HEADER} must be t=<seconds>,v1=<hex>")
    if len(stamps[0]) > 12 or abs(now_s - int(stamps[0])) > tolerance_s:
        raise BadSignature("it is too old, or a replay")
    expected = sign(secret, int(stamps[0]), body).partition("v1=")[2]
    # A sender that is changing its secret sends several codes. Bytes that are no valid text decode
    # to lone surrogates, which compare_digest does not accept.
    if not any(given.isascii() and hmac.compare_digest(expected, given) for given in codes):
        raise BadSignature("it is not signed with our secret")
