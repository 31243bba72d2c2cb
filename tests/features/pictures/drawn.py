"""Pictures to send, made here: what cameras write, and what strangers do."""

import io
import struct
import zlib
from typing import Any

from PIL import Image


def picture(kind: str = "JPEG", size: tuple[int, int] = (120, 80), **more: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue; lossy kinds blur the line."""
    image = Image.new("RGB", size, (220, 20, 20))
    image.paste((20, 20, 220), (size[0] // 2, 0, *size))
    made = io.BytesIO()
    image.convert(more.pop("mode", "RGB")).save(made, kind, **more)
    return made.getvalue()


def turned_with_a_place() -> bytes:
    """A JPEG that lies on its side, and says where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter clockwise to see it upright
    exif[0x8769] = {0x9003: "2026:11:27 00:00:00"}
    exif[0x8825] = {1: "N", 2: (31.0, 13.0, 50.0), 3: "E", 4: (121.0, 28.0, 0.0)}
    return picture(exif=exif.tobytes(), comment=b"<script>alert(1)</script>")


def of_200_megapixels() -> bytes:
    """A PNG of some bytes that says 20,000 x 10,000."""
    head = struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
POLYGLOT = picture() + b"PK\x03\x04<html><script>alert(1)</script></html>"
"""A JPEG that is a ZIP archive and a page as well, for who reads it from its end."""
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100
