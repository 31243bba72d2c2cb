"""Signs requests by AWS Signature Version 4, which storages that speak S3's protocol ask for.

Written after https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, whose
examples are the test. Pure: no input or output.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"


class S3Key(NamedTuple):
    """Who asks: the id of a key, its secret, and the region they are asked in."""

    id: str
    secret: str
    region: str

    def __repr__(self) -> str:
        return f"S3Key({self.id!r})"


def signed_headers(
    key: S3Key, method: str, url: str, headers: Mapping[str, str], body: bytes, at: datetime
) -> dict[str, str]:
    """Return the headers to send: those given, the host, and what the signature needs.

    The path of `url` is percent-encoded already, once, as `quoted_path` does it. `at` is in UTC.
    """
    split = urlsplit(url)
    digest, time = hashlib.sha256(body).hexdigest(), at.strftime("%Y%m%dT%H%M%SZ")
    sent = {
        **headers, "Host": split.netloc, "x-amz-content-sha256": digest, "x-amz-date": time,
    }  # fmt: skip
    canonical = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    names = ";".join(sorted(canonical))
    request = "\n".join(
        (
            method,
            split.path or "/",
            _canonical_query(split.query),
            *(f"{name}:{canonical[name]}" for name in sorted(canonical)),
            "",
            names,
            digest,
        )
    )
    scope = f"{time[:8]}/{key.region}/{_SERVICE}/aws4_request"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    signature = _hmac(_signing_key(key, time[:8]), "\n".join((ALGORITHM, time, scope, hashed)))
    sent["Authorization"] = (
        f"{ALGORITHM} Credential={key.id}/{scope}, SignedHeaders={names}, "
        f"Signature={signature.hex()}"
    )
    return sent


def quoted_path(path: str) -> str:
    """Percent-encode a path as S3 does: everything but unreserved characters and slashes."""
    return quote(path, safe="/-_.~")


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    quoted = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in quoted)


def _signing_key(key: S3Key, day: str) -> bytes:
    made = f"AWS4{key.secret}".encode()
    for part in (day, key.region, _SERVICE, "aws4_request"):
        made = _hmac(made, part)
    return made


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
