"""Signs webhooks as Standard Webhooks 1.0.0 says, so that its libraries can verify them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md:
`webhook-signature` is a list of `v1,<base64>` with spaces between, one a secret: HMAC-SHA256 over
`<webhook-id>.<webhook-timestamp>.<body>`. A secret is `whsec_` and base64 of 24 to 64 bytes.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
"""The headers."""
_BEGIN = "whsec_"
_KEY_BYTES = 32


def new_secret() -> str:
    """Make a secret."""
    return _BEGIN + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes that a secret signs with. Raises ValueError if it is no secret."""
    if not secret.startswith(_BEGIN):
        raise ValueError(f"a secret of Standard Webhooks begins with {_BEGIN}")
    try:
        return base64.b64decode(secret.removeprefix(_BEGIN), validate=True)
    except binascii.Error as error:
        raise ValueError(f"a secret of Standard Webhooks is base64 after {_BEGIN}") from error


def headers_of(keys: Sequence[bytes], event_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a body sent at `at` (Unix seconds), signed with each key.

    `event_id` must not contain a full stop: it would make the signed text ambiguous.
    """
    assert "." not in event_id
    text = f"{event_id}.{at}.".encode() + body
    codes = (base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()) for key in keys)
    return {
        ID: event_id,
        TIMESTAMP: str(at),
        SIGNATURE: " ".join(f"v1,{code.decode()}" for code in codes),
    }
