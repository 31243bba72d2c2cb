"""Lists what the picture needs of a browser: requests to the media server, and the camera."""

from server.features.media.settings import MediaSettings, origin_of
from server.settings import Settings
from server.web.opened import Opened

CONSOLE = "/host/{room}"


def opened_by(settings: Settings) -> Opened:
    """The origins that pages ask and play from, and where the host's camera is used."""
    media = settings.section(MediaSettings)
    asked = [media.whip_url, media.whep_url, media.hls_url]
    return Opened(
        connect=_origins(*asked, *media.stream_origins),
        media=_origins(media.hls_url, media.playback_url, *media.stream_origins),
        media_from_anywhere=not media.stream_origins,
        permissions={CONSOLE: ("camera", "microphone")} if media.whip_url else {},
    )


def _origins(*urls: str) -> tuple[str, ...]:
    return tuple(sorted({origin_of(url) for url in urls if url}))
