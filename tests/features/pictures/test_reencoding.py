"""What comes out of re-encoding is pixels alone, and what comes in can end nothing but itself."""

import asyncio
import io
import os
import resource
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from server.features.pictures import reencoder, reencoding
from server.features.pictures.reencoder import Reencoder
from server.features.pictures.reencoding import Bounds, Refused, reencoded
from server.features.pictures.settings import PictureSettings
from server.protocol.codes import CommandError
from tests.features.pictures.drawn import (
    HEIC,
    POLYGLOT,
    SVG,
    of_200_megapixels,
    picture,
    turned_with_a_place,
)
from tests.torture.size import more

BOUNDS = Bounds(64_000_000, 2048, 640, 82, 10, 1 << 30)
KINDS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")


def looked_at(kept: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(kept), formats=["WEBP", "JPEG"])
    image.load()
    return image


def is_near(found: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_kept_in_two_sizes_and_the_same_colours(kind: str) -> None:
    made = reencoded(picture(kind, (900, 600)), BOUNDS)

    full, small = looked_at(made.full), looked_at(made.small)
    assert (full.format, small.format) == ("WEBP", "JPEG")
    assert (made.w, made.h) == full.size == (900, 600)
    assert small.size == (640, 427)
    assert is_near(full.getpixel((50, 300)), (220, 20, 20))
    assert is_near(full.getpixel((850, 300)), (20, 20, 220))


def test_a_large_picture_is_made_smaller_and_one_for_print_gets_colours_of_screens() -> None:
    made = reencoded(picture(size=(3000, 1500), mode="CMYK"), BOUNDS)

    assert (made.w, made.h) == (2048, 1024)
    red, _, blue = looked_at(made.full).getpixel((10, 10))  # type: ignore[misc]
    assert red > blue + 100


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_what_is_transparent_is_white_and_every_depth_is_read(mode: str) -> None:
    image = Image.new("RGBA", (20, 10), (255, 255, 255, 0))
    if mode == "I;16":
        wide = io.BytesIO()
        Image.new("I;16", (20, 10), 65_535).save(wide, "PNG")
        body = wide.getvalue()
    else:
        made = io.BytesIO()
        image.convert(mode).save(made, "PNG")
        body = made.getvalue()

    assert is_near(looked_at(reencoded(body, BOUNDS).full).getpixel((5, 5)), (255, 255, 255))


def test_a_picture_stands_upright_and_tells_nobody_where_it_was_taken() -> None:
    body = turned_with_a_place()
    assert b"Exif" in body
    made = reencoded(body, BOUNDS)

    assert (made.w, made.h) == (80, 120)
    for kept in (made.full, made.small):
        image = looked_at(kept)
        assert is_near(image.getpixel((40, 10)), (220, 20, 20))  # red was left, and is above now
        assert not image.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(image.info)
        assert b"script" not in kept


def test_what_stands_behind_a_picture_is_not_kept() -> None:
    made = reencoded(POLYGLOT, BOUNDS)

    for part in (b"PK\x03\x04", b"<html", b"<script"):
        assert part in POLYGLOT
        assert part not in made.full + made.small


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (SVG, "kind"),
        (b"<html><script>alert(1)</script>", "kind"),
        (b"%PDF-1.7", "kind"),
        (HEIC, "heic"),
        (of_200_megapixels(), "pixels"),
        (picture()[:-200], "unreadable"),
        (picture("PNG")[:60], "unreadable"),
    ],
    ids=["svg", "html", "pdf", "heic", "200 megapixels", "half a jpeg", "half a png"],
)
def test_what_is_no_picture_to_be_kept_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(Refused, match=f"^{why}$"):
        reencoded(body, BOUNDS)


@pytest.mark.grows
@settings(max_examples=more(60, 3000))
@given(
    kind=st.sampled_from(KINDS),
    cuts=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
    end=st.integers(0, 4000),
)
def test_whatever_bytes_come_a_picture_is_kept_or_refused(
    kind: str, cuts: list[tuple[int, int]], end: int
) -> None:
    body = bytearray(picture(kind, (64, 48)))
    for place, value in cuts:
        body[place % len(body)] = value
    try:
        made = reencoded(bytes(body[: max(end, len(body) // 4)]), BOUNDS)
    except Refused:
        return
    assert looked_at(made.full).size == (made.w, made.h)


async def test_a_process_of_its_own_reads_it_and_says_why_not() -> None:
    with_process = Reencoder(PictureSettings())
    made = await with_process.reencode(picture())
    assert looked_at(made.full).size == (made.w, made.h) == (120, 80)
    assert looked_at(made.small).size == (120, 80)

    for body, code, words in (
        (SVG, "bad_message", "no picture"),
        (HEIC, "bad_message", "HEIC"),
        (of_200_megapixels(), "too_long", "64 million pixels"),
    ):
        with pytest.raises(CommandError, match=words) as refused:
            await with_process.reencode(body)
        assert refused.value.code == code


@pytest.mark.parametrize(
    "does", ["os.abort()", "time.sleep(3600)", "print('{}')", "bytearray(1 << 40)"]
)
async def test_a_decoder_that_breaks_ends_one_upload_and_nothing_else(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "decoder.py"
    program.write_text(f"import os, time\n{does}\n")
    monkeypatch.setattr(reencoder, "PROGRAM", program)
    soon = PictureSettings().model_copy(update={"reencode_s_max": 0.3})
    broken = Reencoder(soon)
    with pytest.raises(CommandError, match="damaged") as refused:
        await broken.reencode(picture())
    assert refused.value.code == "bad_message"

    monkeypatch.undo()
    assert (await Reencoder(PictureSettings()).reencode(picture())).w == 120


async def test_who_leaves_takes_the_process_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    program = tmp_path / "decoder.py"
    program.write_text(
        f"import os, time\nopen({str(started)!r} + '.', 'w').write(str(os.getpid()))\n"
        f"os.rename({str(started)!r} + '.', {str(started)!r})\ntime.sleep(3600)\n"
    )
    monkeypatch.setattr(reencoder, "PROGRAM", program)
    waiting = asyncio.create_task(Reencoder(PictureSettings()).reencode(picture()))
    while not started.exists():
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert not Path(f"/proc/{started.read_text()}").exists()


def test_the_bounds_reach_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process itself lowers them; here only what it would ask for."""
    asked: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", asked.__setitem__)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(Path, "write_text", lambda *_: 0)
    reencoding._bind(BOUNDS)

    assert asked[resource.RLIMIT_AS] == (1 << 30, 1 << 30)
    assert asked[resource.RLIMIT_CPU] == (10, 10)
    assert asked[resource.RLIMIT_FSIZE] == (0, 0)
