"""Re-encodes one picture, in a process of its own: `python -P reencoding.py BOUNDS`.

The picture comes by standard input. To standard output go a line of JSON and the bytes of two
pictures: `{"w", "h", "full", "small"}` with the pixels of the first and the length of both, or
`{"why"}` if it is refused. Decoders of pictures are large C libraries that read what strangers
send. So here is nothing but them: no secret, no socket, little memory and little time, and whatever
happens to this process ends no other.

What is kept is drawn anew from pixels. Nothing else of a file gets through: no EXIF with the place
where it was taken, no comment, no page or archive behind the picture.

It imports nothing of ours, so that it starts quickly: it is run by its path.
"""

import contextlib
import io
import json
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from PIL import AvifImagePlugin, Image, ImageCms, ImageOps, UnidentifiedImageError, features

KIND, PIXELS, UNREADABLE, HEAVY, HEIC = "kind", "pixels", "unreadable", "heavy", "heic"
"""Why a picture is refused: no kind of picture that is read here; too many pixels; damaged; more
memory than there may be; what iPhones write if nobody asks them for a JPEG."""

_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_DEEP = ("I", "F")
"""Modes of more than 8 bits, of which a channel's values are up to 65,535."""


class Bounds(NamedTuple):
    """What a picture may be and take, and how it is kept."""

    pixels_max: int
    side_max: int
    small_side_max: int
    quality: int
    cpu_s_max: int
    bytes_max: int


class Refused(Exception):
    """The picture is refused; the text is one of the reasons above."""


class Reencoded(NamedTuple):
    """A picture as it is kept: its pixels, a WebP, and a small JPEG."""

    w: int
    h: int
    full: bytes
    small: bytes


def reencoded(body: bytes, bounds: Bounds) -> Reencoded:
    """Draw a picture anew, in both sizes. Raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = _drawn(body, bounds)
            full = _written(image, "WEBP", quality=bounds.quality, method=4)
            small = image.copy()
            small.thumbnail((bounds.small_side_max,) * 2, Image.Resampling.LANCZOS)
            quick = _written(small, "JPEG", quality=bounds.quality, optimize=True, progressive=True)
            return Reencoded(*image.size, full, quick)
    except MemoryError:
        raise Refused(HEAVY) from None
    except Image.DecompressionBombError:
        raise Refused(PIXELS) from None
    except Refused:
        raise
    except Exception:  # Pillow's plugins raise a dozen kinds for files that are damaged
        raise Refused(UNREADABLE) from None


def _drawn(body: bytes, bounds: Bounds) -> Image.Image:
    """The picture upright, in sRGB on white, not larger than it may be, and nothing but pixels."""
    kinds = ["JPEG", "PNG", "WEBP", "GIF", *(["AVIF"] if features.check("avif") else [])]
    Image.MAX_IMAGE_PIXELS = bounds.pixels_max
    try:
        image: Image.Image = Image.open(io.BytesIO(body), formats=kinds)
    except UnidentifiedImageError:
        raise Refused(HEIC if _is_heic(body) else KIND) from None
    if image.width * image.height > bounds.pixels_max:  # nothing is decoded yet
        raise Refused(PIXELS)
    image = _smooth(image)
    image.thumbnail((bounds.side_max,) * 2, Image.Resampling.LANCZOS, reducing_gap=3.0)
    image.load()
    with contextlib.suppress(Exception):  # EXIF that can't be read turns nothing
        ImageOps.exif_transpose(image, in_place=True)
    coloured = _in_srgb(image)
    drawn = Image.new("RGB", coloured.size, "white")
    drawn.paste(coloured, mask=coloured.getchannel("A") if coloured.mode == "RGBA" else None)
    return drawn


def _smooth(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be made smaller without steps. A JPEG always is in one, and
    is decoded only as large as it is needed."""
    if image.mode.startswith(_DEEP):
        return image.convert("I").point(lambda value: value / 256, "L")
    if image.mode in ("RGB", "RGBA", "CMYK", "L"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(image: Image.Image) -> Image.Image:
    """The picture as RGB, or RGBA, by its profile if it has a good one: a photograph of a wide
    gamut would look pale, and one for print garish."""
    profile: bytes = image.info.get("icc_profile") or b""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile:
        with contextlib.suppress(Exception):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode=mode)
            if converted is not None:
                return converted
    return image.convert(mode)


def _written(image: Image.Image, kind: str, **how: Any) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **how)
    return made.getvalue()


def _is_heic(body: bytes) -> bool:
    return body[4:8] == b"ftyp" and body[8:12] in _HEIF_BRANDS


def _bind(bounds: Bounds) -> None:
    """Let the kernel end what takes too much; rooms go before pictures."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a thread a core would take the memory of its stack
    with contextlib.suppress(OSError):
        os.nice(10)
    with contextlib.suppress(OSError):  # Linux: where memory ends, this goes first
        Path("/proc/self/oom_score_adj").write_text("1000")
    for what, most in (
        (resource.RLIMIT_CPU, bounds.cpu_s_max),
        (resource.RLIMIT_AS, bounds.bytes_max),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):  # macOS knows some of them by name only
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Read, re-encode, write."""
    bounds = Bounds(**json.loads(sys.argv[1]))
    _bind(bounds)
    said: dict[str, Any]
    try:
        made = reencoded(sys.stdin.buffer.read(), bounds)
    except Refused as why:
        said, files = {"why": str(why)}, b""
    else:
        said = {"w": made.w, "h": made.h, "full": len(made.full), "small": len(made.small)}
        files = made.full + made.small
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + files)


if __name__ == "__main__":
    main()
