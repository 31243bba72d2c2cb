"""Masks secrets in texts that people will read."""

import re

URL_SETTINGS = ("redis.url", "records.url")
"""The settings whose URL may hold a password."""

_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+")
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:@/]*):[^\s@/]+@")
_QUERY_PASSWORD = re.compile(r"((?:^|[?&])[a-z_]*password=)[^&\s]+")


def mask(text: str) -> str:
    """Return the text with recognisable tokens and passwords masked."""
    return _URL_PASSWORD.sub(r"\1:***@", _TOKEN.sub("eyJ***", text))


def mask_url(url: str) -> str:
    """Return the URL with its passwords masked."""
    head, mark, rest = url.partition("://")
    if not mark:
        return url
    # A password may contain any character, even a slash, so the last @ ends it.
    credentials, at, place = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return head + mark + (f"{user}:***@" if at else "") + _QUERY_PASSWORD.sub(r"\1***", place)
