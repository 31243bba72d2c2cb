"""Encodes a picture and its sound once, however many watch.

aiortc would encode for each viewer; it takes packets that are encoded already, too. So a channel
encodes once, to VP8 and Opus, which every browser has, and each viewer's sender only packs.
"""

from fractions import Fraction
from typing import Any

import av
from av import AudioFrame, AudioResampler, Packet, VideoFrame
from av.video.frame import PictureType

VIDEO_RATE = 90_000
VIDEO_TIME_BASE = Fraction(1, VIDEO_RATE)
AUDIO_RATE = 48_000
AUDIO_TIME_BASE = Fraction(1, AUDIO_RATE)
KEYFRAME_S = 2.0
"""How often a whole picture is sent unasked: so long a viewer waits who lost a part of one."""
FRAMES_PER_S_MAX = 30
SIDE_MAX = 1280
"""The longer side of a picture; a larger one is made smaller."""

_BITS_PER_PIXEL_S = 3.0
_BITS_PER_S = (500_000, 2_500_000)
_SAMPLES = 960


class VideoEncoder:
    """Encodes frames to VP8. It is used by one thread at a time."""

    def __init__(self) -> None:
        self._codec: av.VideoCodecContext | None = None

    def encode(self, frame: VideoFrame, pts: int, *, whole: bool) -> "list[Packet[Any]]":
        """Encode a frame that is shown at `pts` (1/90,000 s); `whole`: so that it needs no earlier
        one."""
        width, height = _size(frame.width, frame.height)
        picture = frame.reformat(width=width, height=height, format="yuv420p")
        if self._codec is None or (self._codec.width, self._codec.height) != (width, height):
            self._codec = _vp8(width, height)
        picture.pts = pts
        picture.time_base = VIDEO_TIME_BASE
        picture.pict_type = PictureType.I if whole else PictureType.NONE
        return list(self._codec.encode(picture))


class AudioEncoder:
    """Encodes frames to Opus, 20 ms a packet. It is used by one thread at a time."""

    def __init__(self) -> None:
        self._codec = av.AudioCodecContext.create("libopus", "w")
        self._codec.bit_rate = 64_000
        self._codec.format = "s16"
        self._codec.layout = "stereo"
        self._codec.sample_rate = AUDIO_RATE
        self._codec.time_base = AUDIO_TIME_BASE
        self._resampler = AudioResampler(
            format="s16", layout="stereo", rate=AUDIO_RATE, frame_size=_SAMPLES
        )

    def encode(self, frame: AudioFrame) -> list[bytes]:
        """Encode a frame; the packets that are full now, each of 20 ms."""
        frame.pts = None  # the caller's clock says when a packet is heard
        return [
            bytes(packet)
            for part in self._resampler.resample(frame)
            for packet in self._codec.encode(part)
        ]


def _size(width: int, height: int) -> tuple[int, int]:
    """The size in which a picture is sent: no side too long, both even."""
    scale = min(1.0, SIDE_MAX / max(width, height))
    return max(2, int(width * scale) & ~1), max(2, int(height * scale) & ~1)


def _vp8(width: int, height: int) -> av.VideoCodecContext:
    least, most = _BITS_PER_S
    rate = int(min(most, max(least, width * height * _BITS_PER_PIXEL_S)))
    codec = av.VideoCodecContext.create("libvpx", "w")
    codec.width, codec.height = width, height
    codec.pix_fmt = "yuv420p"
    codec.time_base = VIDEO_TIME_BASE
    codec.framerate = Fraction(FRAMES_PER_S_MAX)
    codec.bit_rate = rate
    codec.gop_size = 3000  # the channel says when
    codec.qmin, codec.qmax = 2, 56
    codec.thread_count = 1
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "-8",
        "lag-in-frames": "0",
        "error-resilient": "default",
        "minrate": str(rate),
        "maxrate": str(rate),
        "bufsize": str(rate),
        "undershoot-pct": "100",
        "overshoot-pct": "15",
        "static-thresh": "1",
    }
    return codec
