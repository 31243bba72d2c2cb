"""Draws pictures for notes: a vessel on a table, as PNG. The repository holds no pictures."""

import struct
import zlib
from random import Random

Colour = tuple[int, int, int]
SHARES = (0.26, 0.30, 0.22, 0.34)
"""Half the width of a vessel from its lip to its foot, as shares of the picture's width."""
TABLE_AT = 0.74


def draw_vessel(rng: Random, width: int = 600, height: int = 800) -> bytes:
    """The bytes of a picture; the same `rng` draws the same."""
    wall, glaze = _colour(rng, 190, 240), _colour(rng, 70, 190)
    wood = (rng.randint(120, 160), rng.randint(90, 120), rng.randint(60, 90))
    shares = [share * rng.uniform(0.7, 1.1) for share in SHARES]
    top, foot = rng.uniform(0.25, 0.45), 0.8
    rows = bytearray()
    for y in range(height):
        at = y / height
        ground = wood if at > TABLE_AT else wall
        row = bytearray(bytes(_shaded(ground, 1 - 0.25 * at)) * width)
        if top <= at <= foot:
            half = round(width * _between(shares, (at - top) / (foot - top)))
            left = width // 2 - half
            for part, light in ((0.25, 1.15), (1.0, 1.0), (0.75, 0.82)):
                # Lit from the left: each strip is painted over the right part of the last.
                start = left if light > 1 else left + round(2 * half * (1 - part) + half * 0.3)
                span = max(0, left + 2 * half - start)
                row[3 * start : 3 * (start + span)] = bytes(_shaded(glaze, light)) * span
        rows += b"\0" + row
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def _colour(rng: Random, least: int, most: int) -> Colour:
    return rng.randint(least, most), rng.randint(least, most), rng.randint(least, most)


def _shaded(colour: Colour, light: float) -> Colour:
    red, green, blue = (min(255, round(part * light)) for part in colour)
    return red, green, blue


def _between(shares: list[float], at: float) -> float:
    """The share at a height from 0 (the lip) to 1 (the foot), in a straight line between two."""
    place = min(at, 0.999) * (len(shares) - 1)
    n = int(place)
    return shares[n] + (shares[n + 1] - shares[n]) * (place - n)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
