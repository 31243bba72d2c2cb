"""Time zones by their IANA names, as rooms have them."""

import asyncio
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.protocol.codes import CommandError


async def must_be_zone(name: str | None) -> None:
    """Refuse a zone that this machine's database does not know. CommandError `bad_message`.

    Where there is no database at all every name is taken: staff's browsers have their own.
    """
    if name and not await asyncio.to_thread(_is_zone, name):
        raise CommandError(
            "bad_message",
            f"There is no time zone `{name}`; give an IANA name, such as `Asia/Shanghai`.",
        )


def _is_zone(name: str) -> bool:
    return _reads(name) or not _reads("Europe/Paris")


def _reads(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
