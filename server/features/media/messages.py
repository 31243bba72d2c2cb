"""Defines what is said and heard of a room's picture."""

from server.protocol.message import Command, Event, Ok


class StreamKey(Command, tag="stream_key", frozen=True, kw_only=True):
    """Show where and with which key a program such as OBS sends the picture of this room.

    `renew` makes another key, and the one before is refused from then on; the first has to be made.
    """

    renew: bool = False


class StreamKeyOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The key, and where it is used. All texts are empty as long as no key was made.

    `whip` is an address for WHIP, with `key` as its bearer token; `rtmp` is a server for RTMP, with
    `rtmp_key` as its stream key. Each is empty where the media server does not take it.
    """

    key: str = ""
    whip: str = ""
    rtmp: str = ""
    rtmp_key: str = ""


class PictureEvent(Event, tag="picture", frozen=True, kw_only=True):
    """Somebody began to send the room's picture, `at` this time: get it now, or get it anew."""

    at: int
