"""The picture of one room: from whoever sends it, or the test card, to all who watch."""

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, Packet, VideoFrame

from server.background.repeating import Errands
from server.relay.colour_bars import FRAMES_PER_S, ColourBars
from server.relay.encoding import (
    AUDIO_RATE,
    AUDIO_TIME_BASE,
    KEYFRAME_S,
    VIDEO_RATE,
    AudioEncoder,
    VideoEncoder,
)

PACKETS_WAITING_MAX = 60
"""Packets that wait for one viewer; beyond it they are dropped up to the next whole picture."""
SOUND_APART_S_MAX = 0.2
"""How far the sound's own count may be from the clock before it is set by it."""
_SOUND_PACKET = 960


class Feed(MediaStreamTrack):
    """The packets of one kind for one viewer, as a track of aiortc."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._packets: asyncio.Queue[Packet[Any]] = asyncio.Queue(PACKETS_WAITING_MAX)
        self._starved = kind == "video"
        """Whether it waits for a whole picture: what comes before can't be decoded."""

    def put(self, packet: "Packet[Any]") -> None:
        """Hand a packet on, or drop it."""
        if self._starved and not packet.is_keyframe:
            return
        self._starved = False
        try:
            self._packets.put_nowait(packet)
        except asyncio.QueueFull:
            while not self._packets.empty():
                self._packets.get_nowait()
            self._starved = self.kind == "video"

    @property
    def starves(self) -> bool:
        """Whether it can show nothing before the next whole picture."""
        return self._starved

    async def recv(self) -> "Packet[Any]":
        """The next packet, whenever there is one."""
        if self.readyState != "live":
            raise MediaStreamError
        return await self._packets.get()


class Channel:
    """Encodes once what comes, and hands the packets to all feeds. Nothing is encoded for nobody.

    `clock` gives seconds that never go back, `now` Unix seconds.
    """

    def __init__(
        self,
        errands: Errands,
        *,
        has_card: bool,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.has_card = has_card
        self.is_sent = False
        """Whether somebody sends a picture: then there is no card."""
        self._errands = errands
        self._clock, self._now = clock, now
        self._begun = clock()
        self._feeds: set[Feed] = set()
        self._frames = asyncio.Event()
        self._watched = asyncio.Event()
        self._newest: VideoFrame | None = None
        self._video, self._audio = VideoEncoder(), AudioEncoder()
        self._whole_at = 0.0
        self._heard = 0
        self._last_pts = -1
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, path: str) -> None:
        """Begin to encode, and to draw the card."""
        self._tasks.append(self._errands.start(self._encode(), path))
        if self.has_card:
            self._tasks.append(self._errands.start(self._draw_card(), path))

    def stop(self) -> None:
        """End both."""
        for task in self._tasks:
            task.cancel()

    def add(self, *feeds: Feed) -> None:
        """Somebody watches from now on."""
        self._feeds.update(feeds)
        self._watched.set()

    def remove(self, *feeds: Feed) -> None:
        """Somebody has left."""
        self._feeds.difference_update(feeds)
        if not self._feeds:
            self._watched.clear()

    def put_video(self, frame: VideoFrame) -> None:
        """Take a frame; one that could not be encoded before the next came is left out."""
        self._newest = frame
        self._frames.set()

    def put_audio(self, frame: AudioFrame) -> None:
        """Take a piece of sound."""
        feeds = self._of("audio")
        if not feeds:
            return
        for data in self._audio.encode(frame):
            packet = Packet(data)
            packet.pts, packet.time_base = self._sound_pts(), AUDIO_TIME_BASE
            for feed in feeds:
                feed.put(packet)

    def _of(self, kind: str) -> list[Feed]:
        return [feed for feed in self._feeds if feed.kind == kind]

    async def _draw_card(self) -> None:
        bars, number = ColourBars(), 0
        while True:
            await self._watched.wait()
            if not self.is_sent:
                number += 1
                self.put_video(bars.frame(self._now(), number))
            await asyncio.sleep(1 / FRAMES_PER_S)

    async def _encode(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._frames.wait()
            self._frames.clear()
            frame, feeds = self._newest, self._of("video")
            if frame is None or not feeds:
                continue
            at = self._clock()
            whole = at - self._whole_at >= KEYFRAME_S or any(feed.starves for feed in feeds)
            if whole:
                self._whole_at = at
            pts = self._last_pts = max(self._last_pts + 1, self._pts_at(at, VIDEO_RATE))
            # In a thread: the loop has sockets to look after meanwhile.
            packets = await loop.run_in_executor(
                None, functools.partial(self._video.encode, frame, pts, whole=whole)
            )
            for packet in packets:
                for feed in self._of("video"):
                    feed.put(packet)

    def _pts_at(self, at: float, per_s: float) -> int:
        return int((at - self._begun) * per_s)

    def _sound_pts(self) -> int:
        """Sound goes on without gaps, except where the clock is far ahead: nobody sent any."""
        by_clock = self._pts_at(self._clock(), AUDIO_RATE)
        if abs(by_clock - self._heard) > SOUND_APART_S_MAX * AUDIO_RATE:
            self._heard = max(by_clock, self._heard)
        pts = self._heard
        self._heard += _SOUND_PACKET
        return pts


async def pump(track: MediaStreamTrack, channel: Channel, came: Callable[[], None]) -> None:
    """Hand all of a sender's track to a channel until it ends; `came` is called each time."""
    with contextlib.suppress(MediaStreamError):
        while True:
            frame = await track.recv()
            came()
            if isinstance(frame, VideoFrame):
                channel.put_video(frame)
            elif isinstance(frame, AudioFrame):
                channel.put_audio(frame)
