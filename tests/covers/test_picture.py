"""What may be shown, and what is made of what is too large."""

from __future__ import annotations

import contextlib
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mopidy_vozduxan.covers.picture import (
    AS_IS_BYTES,
    KINDS,
    MAX_PIXELS,
    SIDE_PIXELS,
    checked,
)
from mopidy_vozduxan.exceptions import BadInput
from tests.covers.pictures import bomb, picture, read


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_picture_is_passed_on_as_it_came(kind):
    data = picture(kind)
    found = checked(data)
    assert found.data == data
    assert (found.extension, found.content_type) == KINDS[kind]


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_pictures_of_every_kind_of_colour_are_read(mode):
    data = picture(mode=mode)
    assert checked(data).data == data


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "RGB", {"quality": 95}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "LA", {}),
        ("WEBP", "RGBA", {"quality": 95}),
    ],
)
def test_a_large_picture_is_scaled_down(kind, mode, options):
    data = picture(kind, (1500, 1200), mode, **options)
    assert len(data) > AS_IS_BYTES
    found = checked(data)
    small = read(found.data)
    assert found.content_type == "image/jpeg"
    assert (small.format, small.mode) == ("JPEG", "RGB")
    assert small.size == (SIDE_PIXELS, 800)
    assert len(found.data) < len(data)


@pytest.mark.parametrize("side", [60, 1200])
def test_a_jpeg_with_a_second_picture_in_it_is_a_jpeg(side):
    # As phones and cameras make them: a preview stands behind the picture.
    more = {"save_all": True, "append_images": [Image.new("RGB", (16, 16))]}
    data = picture("MPO", (side, side), quality=95, **more)
    found = checked(data)
    assert found.content_type == "image/jpeg"
    assert read(found.data).size == (min(side, SIDE_PIXELS),) * 2


def test_what_was_transparent_becomes_white():
    data = picture("PNG", (1200, 1200), "RGBA")
    clear = Image.new("RGBA", (1200, 1200), (9, 9, 9, 0))
    noise = read(data)
    noise.paste(clear.crop((0, 0, 600, 1200)), (0, 0))
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert len(out.getvalue()) > AS_IS_BYTES
    assert read(checked(out.getvalue()).data).getpixel((100, 100)) == (255, 255, 255)


def test_a_scaled_picture_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    data = picture("JPEG", (2000, 1000), quality=95, exif=exif)
    assert len(data) > AS_IS_BYTES
    assert read(checked(data).data).size == (500, 1000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a<script>alert(1)</script>",
        b"%PDF-1.4 ",
        bomb(),
        bomb(MAX_PIXELS // 4000 + 1, 4000),
        picture("BMP"),
        picture("TIFF"),
        picture("ICO"),
        picture("PPM"),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_picture_of_ours_is_refused(data):
    with pytest.raises(BadInput):
        checked(data)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_half_a_picture_is_refused(kind, part):
    data = picture(kind, (300, 300))
    with pytest.raises(BadInput):
        checked(data[: int(len(data) * part)])


@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 2**32),
    st.integers(1, 30),
)
def test_damaged_pictures_are_shown_or_refused(kind, seed, changes):
    data = bytearray(picture(kind))
    rng = random.Random(seed)
    for _ in range(changes):
        data[rng.randrange(len(data))] = rng.randrange(256)
    with contextlib.suppress(BadInput):
        assert checked(bytes(data)).data == data
