"""Makes pictures, good ones and bad ones."""

from __future__ import annotations

import io
import random
import struct
import zlib

from PIL import Image


def picture(
    kind: str = "JPEG",
    size: tuple[int, int] = (60, 40),
    mode: str = "RGB",
    seed: int = 1,
    **options: object,
) -> bytes:
    """An encoded picture of noise, in which nothing can be left out."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    noise = random.Random(seed).randbytes(size[0] * size[1] * bands)
    out = io.BytesIO()
    Image.frombytes(mode, size, noise).save(out, kind, **options)
    return out.getvalue()


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A small PNG that says it has 3.6 thousand million pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def read(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def with_picture(flac: bytes, jpeg: bytes) -> bytes:
    """A FLAC file with that front cover in it, after its first block."""
    kind = b"image/jpeg"
    block = struct.pack(">II", 3, len(kind)) + kind + bytes(4 + 16)
    block += struct.pack(">I", len(jpeg)) + jpeg
    first = 8 + int.from_bytes(flac[5:8], "big")
    head = bytes([6]) + len(block).to_bytes(3, "big")
    return flac[:first] + head + block + flac[first:]
