"""The test card: colours, a clock with seconds, and something that moves, frame after frame.

It is drawn into the planes of YUV 4:2:0, one byte a pixel for the light and one for four pixels for
each of both colours, without a library for drawing.
"""

import time
from fractions import Fraction

import av

WIDTH, HEIGHT, FRAMES_PER_S = 640, 360, 15
TIME_BASE = Fraction(1, 90_000)

_BARS = (
    (180, 128, 128),
    (162, 44, 142),
    (131, 156, 44),
    (112, 72, 58),
    (84, 184, 198),
    (65, 100, 212),
    (35, 212, 114),
    (16, 128, 128),
)
"""The light and the two colours of the bars, by ITU-R BT.601: white to black."""
_DARK, _BRIGHT = 30, 235
_CLOCK_TOP, _CLOCK_LEFT = 216, 92
_DIGIT_W, _DIGIT_H, _STROKE = 42, 78, 9
_GAP = 16
_COLON_W = 14
_SEGMENTS = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
}
_MOVER_SIZE = 12
_MOVER_TOP = 320


class ColourBars:
    """Draws the card of one moment after the other."""

    def __init__(self) -> None:
        light, first, second = _BARS_OF_A_ROW
        dark_rows = HEIGHT // 2
        self._light = light * (HEIGHT - dark_rows) + bytes([_DARK]) * (WIDTH * dark_rows)
        grey = bytes([128]) * (WIDTH // 2 * (dark_rows // 2))
        self._first = first * ((HEIGHT - dark_rows) // 2) + grey
        self._second = second * ((HEIGHT - dark_rows) // 2) + grey

    def frame(self, at_s: float, number: int) -> av.VideoFrame:
        """The card at a moment (Unix seconds), with the local time. `number` moves the dot."""
        light = bytearray(self._light)
        _draw_clock(light, time.strftime("%H:%M:%S", time.localtime(at_s)))
        left = number * 8 % (WIDTH - _MOVER_SIZE)
        _fill(light, left, _MOVER_TOP, _MOVER_SIZE, _MOVER_SIZE)
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, pixels, width in zip(
            frame.planes,
            (light, self._first, self._second),
            (WIDTH, WIDTH // 2, WIDTH // 2),
            strict=True,
        ):
            plane.update(_padded(bytes(pixels), width, plane.line_size))
        return frame


def _row(plane: int, width: int) -> bytes:
    return bytes(_BARS[x * len(_BARS) // width][plane] for x in range(width))


_BARS_OF_A_ROW = (_row(0, WIDTH), _row(1, WIDTH // 2), _row(2, WIDTH // 2))


def _padded(pixels: bytes, width: int, line: int) -> bytes:
    """The rows as long as a plane wants them."""
    if line == width:
        return pixels
    pad = bytes(line - width)
    return b"".join(pixels[at : at + width] + pad for at in range(0, len(pixels), width))


def _draw_clock(light: bytearray, text: str) -> None:
    left = _CLOCK_LEFT
    for char in text:
        if char == ":":
            for top in (_CLOCK_TOP + 20, _CLOCK_TOP + 48):
                _fill(light, left, top, _STROKE, _STROKE)
            left += _COLON_W + _GAP
            continue
        for segment in _SEGMENTS[char]:
            x, y, width, height = _SHAPES[segment]
            _fill(light, left + x, _CLOCK_TOP + y, width, height)
        left += _DIGIT_W + _GAP


_HALF = _DIGIT_H // 2
_SHAPES = {
    "a": (0, 0, _DIGIT_W, _STROKE),
    "b": (_DIGIT_W - _STROKE, 0, _STROKE, _HALF),
    "c": (_DIGIT_W - _STROKE, _HALF, _STROKE, _HALF),
    "d": (0, _DIGIT_H - _STROKE, _DIGIT_W, _STROKE),
    "e": (0, _HALF, _STROKE, _HALF),
    "f": (0, 0, _STROKE, _HALF),
    "g": (0, _HALF - _STROKE // 2, _DIGIT_W, _STROKE),
}
"""Left, top, width and height of each stroke of a digit of seven strokes."""


def _fill(light: bytearray, left: int, top: int, width: int, height: int) -> None:
    bright = bytes([_BRIGHT]) * width
    for y in range(top, top + height):
        at = y * WIDTH + left
        light[at : at + width] = bright
