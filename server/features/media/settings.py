"""The settings of the media server."""

import re
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from server.settings import Settings, SettingsError
from server.settings.section import (
    SECRET_BYTES_MIN,
    Section,
    limit,
    long_enough,
    secret_words,
    words,
)
from server.web.opened import HOST

PATH = "{path}"
"""Stands in an address for the room's path on the media server."""

_URL = r"^(https?://\S+)?$"
_TEMPLATE = "empty, or a URL that starts with http:// or https:// and has {path} in it"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+")


def _address(description: str) -> str:
    field: str = Field(
        "", pattern=_URL, json_schema_extra=words(_TEMPLATE), description=description
    )
    return field


class MediaSettings(Section):
    """The media server that carries the hosts' pictures, and the relay that stands for it in
    development. In addresses `{path}` stands for the room's path on the media server."""

    whip_url: str = _address(
        "Where the console and OBS send pictures by WHIP, such as "
        "https://media.example/{path}/whip; empty: nobody goes live from the console."
    )
    whep_url: str = _address("Where pages get pictures by WHEP, the quickest way.")
    hls_url: str = _address(
        "Where pages get pictures by HLS, for browsers and crowds that WHEP does not serve, such "
        "as https://media.example/hls/{path}/index.m3u8."
    )
    rtmp_url: str = Field(
        "",
        pattern=r"^(rtmps?://\S+)?$",
        json_schema_extra=words("empty, or a URL that starts with rtmp:// or rtmps://"),
        description="Where OBS sends pictures by RTMP, the console's other offer, such as "
        "rtmps://media.example; the path and the key are added.",
    )
    playback_url: str = Field(
        "",
        pattern=_URL,
        json_schema_extra=words("empty, or a URL that starts with http:// or https://"),
        description="Where recordings are played from: MediaMTX's playback server, for the replay.",
    )
    secret: SecretStr | None = Field(
        None,
        json_schema_extra=secret_words(SECRET_BYTES_MIN),
        description="Secret that the media server asks with, and from which stream keys and "
        "tickets are made.",
    )
    path_prefix: str = Field(
        "live",
        pattern=r"^[A-Za-z0-9_-]{1,32}$",
        json_schema_extra=words("1 to 32 letters, digits, dashes and underscores"),
        description="First part of the paths on the media server.",
    )
    ticket_s: float = limit(
        300, 10, 86_400, "Time in which a ticket to send or to get a picture has to be used."
    )
    stream_origins: tuple[str, ...] = Field(
        (),
        json_schema_extra=words("a list of origins, such as https://cdn.example"),
        description="Origins from which rooms' own stream addresses are played; pages may then "
        "load pictures from no others. Empty: from any, but by hls.js only from the media server.",
    )
    relay: bool = Field(
        False,
        description="Start a small media server of our own beside this one, for development only; "
        "`liveroom demo` does. It needs `pip install 'liveroom[relay]'`.",
    )
    relay_port: int = limit(0, 0, 65535, "Port the relay listens on; 0 takes any free one.")
    relay_publishers_max: int = limit(4, 1, 100, "Rooms that the relay carries a picture of.")
    relay_viewers_max: int = limit(20, 1, 1000, "Viewers that the relay sends pictures to.")
    relay_session_s_max: float = limit(
        14_400, 1, 86_400, "Time after which the relay ends a sender's or a viewer's connection."
    )
    relay_card: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_.:@-]{0,64}$",
        json_schema_extra=words("empty, or the id of a room"),
        description="Room whose viewers get a test card with a clock from the relay while nobody "
        "sends a picture; further rooms are those with a dash and a number behind this id.",
    )

    @field_validator("whip_url", "whep_url", "hls_url")
    @classmethod
    def _has_a_path(cls, url: str) -> str:
        if url and PATH not in url:
            raise ValueError(f"must have {PATH} in it, where the room's path stands")
        return url

    @field_validator("whip_url", "whep_url", "hls_url", "playback_url")
    @classmethod
    def _names_a_server(cls, url: str) -> str:
        # Pages are sent it, and the origin stands in their Content-Security-Policy.
        if url and not _ORIGIN.fullmatch(origin_of(url).replace(HOST, "host")):
            raise ValueError(
                f"has {urlsplit(url).netloc!r}, which is no host: write https://media.example:8889 "
                "in front of the path, without a user, since all viewers are told it"
            )
        return url

    @field_validator("secret")
    @classmethod
    def _secret_is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SECRET_BYTES_MIN)

    @field_validator("stream_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"has {origin!r}, which is no origin: write https://cdn.example")
        return origins

    @property
    def serves(self) -> bool:
        """Whether there is a media server."""
        return any((self.whip_url, self.whep_url, self.hls_url, self.playback_url, self.rtmp_url))


def check(settings: Settings) -> None:
    """Raise SettingsError if the media server could not be used as it is set."""
    media = settings.section(MediaSettings)
    if media.serves and media.secret is None:
        raise SettingsError(
            "A media server is named, and media.secret is missing: set LIVEROOM_MEDIA_SECRET to at "
            f"least {SECRET_BYTES_MIN} random bytes, for example the output of "
            "`openssl rand -hex 32`, here and in the address by which the media server asks."
        )
    if media.relay and settings.mode != "development":
        raise SettingsError(
            f"media.relay is for development, and this is {settings.mode} mode: name a media "
            "server by media.whip_url and media.whep_url instead, see docs/media.md."
        )
    if media.relay and media.serves:
        raise SettingsError(
            "media.relay starts a media server of our own, and another one is named: leave out one "
            "of both."
        )


def origin_of(url: str) -> str:
    """Return the origin of an address, such as `https://media.example:8889`; '' for none."""
    split = urlsplit(url.replace(HOST, "HOST-NAME"))
    return f"{split.scheme}://{split.netloc}".replace("HOST-NAME", HOST) if url else ""
