"""A short HLS stream, made on the spot: what a host's own stream address leads to."""

from fractions import Fraction
from pathlib import Path

RATE = 25
SECONDS = 6


def _codec() -> str:
    try:
        import av
    except ImportError:
        return ""
    return next((name for name in ("libx264", "libopenh264") if name in av.codecs_available), "")


CODEC = _codec()
"""An encoder of H.264, which browsers play in HLS; '' if there is none."""


def hls_stream(folder: Path) -> None:
    """Write playlists with an end, and their segments: `index.m3u8` in H.264, and `open.m3u8` in
    VP9, which a browser plays without anything of the system's. Blocks."""
    options = {"hls_time": "2", "hls_list_size": "0"}
    _write(folder / "index.m3u8", CODEC, "hls", options | {"hls_segment_type": "mpegts"})
    in_mp4 = {"hls_segment_type": "fmp4", "hls_fmp4_init_filename": "open.mp4"}
    _write(folder / "open.m3u8", "libvpx-vp9", "hls", options | in_mp4)


def recording(file: Path) -> None:
    """Write a fragmented MP4, as MediaMTX plays a recording. Blocks."""
    _write(file, CODEC, "mp4", {"movflags": "frag_keyframe+empty_moov"})


def _write(file: Path, codec: str, kind: str, options: dict[str, str]) -> None:
    import av

    with av.open(str(file), "w", format=kind, options=options) as out:
        video = out.add_stream(codec, rate=RATE)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.gop_size = RATE
        if codec.startswith("libvpx"):
            video.options = {"deadline": "realtime", "cpu-used": "8"}
        for n in range(RATE * SECONDS):
            frame = av.VideoFrame(320, 180, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([(n * 3) % 200 + 20]) * plane.buffer_size)
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
