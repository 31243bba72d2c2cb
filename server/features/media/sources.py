"""Lists what a page plays as the picture of a room, the best first."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from server.features.media.media import Media
from server.features.media.settings import MediaSettings
from server.protocol.room import RoomView

Kind = Literal["whep", "hls", "recording"]


class PictureSource(Struct, frozen=True, omit_defaults=True):
    """One way to get the picture.

    `token` goes with it: as the bearer token of WHEP, as `?token=` of HLS and of a recording. To
    the address of a recording are added `&start=` (RFC 3339) and `&duration=` in seconds.
    """

    kind: Kind
    url: Annotated[str, Meta(description="{host} stands for the name of the page's own host")]
    token: str


class PictureSources(Struct, frozen=True):
    """The ways to get a room's picture, the best first; none if it can't be had now.

    `at` is when somebody last began to send it, in Unix ms; 0: nobody did. `until` is when the
    tokens are over.
    """

    sources: list[PictureSource]
    at: int
    until: int


class SourceBook:
    """Names the sources of rooms."""

    def __init__(self, media: Media, settings: MediaSettings) -> None:
        self._media = media
        self._settings = settings

    def sources_of(self, view: RoomView, *, is_staff: bool) -> PictureSources:
        """The sources for somebody who may be in the room: host and moderators look before it
        starts, everybody while it is live, and at the recording once it has ended."""
        at = getattr(view, "picture", 0)
        offered = self._offered(view, is_staff=is_staff)
        if not offered:
            return PictureSources([], at, 0)
        token, until = self._media.ticket("get", view.room)
        return PictureSources([PictureSource(kind, url, token) for kind, url in offered], at, until)

    def _offered(self, view: RoomView, *, is_staff: bool) -> list[tuple[Kind, str]]:
        if not self._settings.serves or view.kind != "stream":
            return []
        places, settings = self._media.places, self._settings
        if view.phase == "ended":
            if not settings.playback_url or not getattr(view, "picture", 0) or not view.started:
                return []
            base = settings.playback_url.rstrip("/")
            return [("recording", f"{base}/get?path={places.path_of(view.room)}&format=mp4")]
        if view.phase == "scheduled" and not is_staff:
            return []
        templates: list[tuple[Kind, str]] = [("whep", settings.whep_url), ("hls", settings.hls_url)]
        return [(kind, places.address(url, view.room)) for kind, url in templates if url]
