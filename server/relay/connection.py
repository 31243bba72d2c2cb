"""One WebRTC connection of the relay: an offer, an answer, and its end."""

import asyncio
import re
from collections.abc import Callable

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import get_capabilities
from aiortc.sdp import SessionDescription

from server.protocol.codes import CommandError
from server.relay.channel import Channel, Feed, pump

CONNECT_S_MAX = 15.0
"""Time in which a connection has to come about after its answer."""
SILENT_S_MAX = 6.0
"""Time without picture and sound after which a sender counts as gone."""
MEDIA_MAX = 4
"""Media in one offer; a browser's has two. Each may want sockets of its own."""
_LOOK_S = 1.0
_CODECS = {"video": "video/VP8", "audio": "audio/opus"}
# A browser may hide its addresses behind names that only multicast could resolve. It is not needed:
# the browser comes to us, and then its address is known.
_HIDDEN = re.compile(r"^a=candidate:\S+ \d+ \S+ \d+ \S+\.local .*\r?\n", re.MULTILINE)
_END_OF_CANDIDATES = re.compile(r"^a=end-of-candidates\r?\n", re.MULTILINE)


class Connection:
    """A peer connection with an owner: `ended` is awaited, `close` ends it."""

    def __init__(self, loop_time: Callable[[], float]) -> None:
        self._peer = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._peer.on("connectionstatechange", self._look)
        self._time = loop_time
        self._begun = loop_time()
        self.heard_at: float | None = None
        """When a sender's last frame came; None before the first."""
        self.over = asyncio.Event()

    def came(self) -> None:
        """Note that something came from a sender."""
        self.heard_at = self._time()

    async def take(self, offer: str, channel: Channel, start: Callable[..., object]) -> str:
        """Answer somebody who sends into the channel. Raises CommandError `bad_message`."""
        kinds = _kinds_in(offer, {"sendonly", "sendrecv"})
        if not kinds:
            raise CommandError(
                "bad_message", "The offer sends no picture and no sound: add a track to send."
            )

        def got(track: object) -> None:
            start(pump(track, channel, self.came))  # type: ignore[arg-type]  # as aiortc says

        self._peer.on("track", got)
        return await self._answer(offer)

    async def give(self, offer: str, channel: Channel) -> tuple[str, list[Feed]]:
        """Answer somebody who watches the channel; the feeds are those to give back at the end.
        Raises CommandError `bad_message`."""
        kinds = _kinds_in(offer, {"recvonly", "sendrecv"})
        if "video" not in kinds:
            raise CommandError("bad_message", "The offer takes no picture: ask for a video track.")
        feeds = [Feed(kind) for kind in kinds]
        for feed in feeds:
            transceiver = self._peer.addTransceiver(feed, direction="sendonly")
            transceiver.setCodecPreferences(
                [
                    codec
                    for codec in get_capabilities(feed.kind).codecs
                    if codec.mimeType.lower() == _CODECS[feed.kind].lower()
                ]
            )
        answer = await self._answer(offer)
        channel.add(*feeds)
        return answer, feeds

    async def _answer(self, offer: str) -> str:
        sdp = _END_OF_CANDIDATES.sub("", _HIDDEN.sub("", offer))
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            await self._peer.setLocalDescription(await self._peer.createAnswer())
        except Exception as error:  # aiortc raises whatever its parsers do
            raise CommandError(
                "bad_message", f"The offer can't be answered: {error or type(error).__name__}."
            ) from error
        return str(self._peer.localDescription.sdp)

    async def stay(self, lasts_s: float, *, sends: bool) -> None:
        """Wait until the connection is over, for whatever reason, at most `lasts_s`."""
        while not self.over.is_set():
            waited = self._time() - self._begun
            connects = self._peer.connectionState != "connected"
            if (
                waited >= lasts_s
                or (connects and waited >= CONNECT_S_MAX)
                or (sends and self._silent_s() >= SILENT_S_MAX)
            ):
                return
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self.over.wait()
            except TimeoutError:
                continue

    def _silent_s(self) -> float:
        """Return the seconds since a sender was heard; they have CONNECT_S_MAX for the first."""
        heard_at = self.heard_at
        if heard_at is None:
            heard_at = self._begun + CONNECT_S_MAX - SILENT_S_MAX
        return self._time() - heard_at

    async def close(self) -> None:
        """End it; the other side is told."""
        self.over.set()
        await self._peer.close()

    def _look(self) -> None:
        if self._peer.connectionState in ("failed", "closed"):
            self.over.set()


def _kinds_in(offer: str, directions: set[str]) -> list[str]:
    """The kinds of media that an offer has in one of these directions. Raises CommandError."""
    try:
        described = SessionDescription.parse(offer)
        kinds = [media.kind for media in described.media if media.direction in directions]
    except Exception as error:  # its parser raises ValueError, IndexError, KeyError, ...
        raise CommandError(
            "bad_message",
            "The body is no SDP offer: send what RTCPeerConnection.createOffer makes.",
        ) from error
    if len(described.media) > MEDIA_MAX:
        raise CommandError(
            "bad_message", f"The offer has more than {MEDIA_MAX} media: offer a picture and sound."
        )
    return [kind for kind in _CODECS if kind in kinds]
