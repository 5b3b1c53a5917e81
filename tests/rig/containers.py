"""Files of formats that no GStreamer muxer writes: DSF, DFF, TTA; and AIFF.

DSD is made by a first-order modulator, so its sound is known within its noise.
"""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

DSD_RATE = 2_822_400
_BLOCK = 4096
_PERIOD_BYTES = 800  # a tone of 441 Hz in DSD64


def dsd_tone(seconds: float, channels: int = 2) -> list[bytes]:
    """A tone, a byte string for each channel, the first bit in the highest place."""
    period = _modulated(_PERIOD_BYTES)
    length = int(seconds * DSD_RATE) // 8
    whole = (period * (length // len(period) + 1))[:length]
    return [whole] * channels


def _modulated(length: int) -> bytes:
    error, out = 0.0, bytearray()
    for number in range(length):
        byte = 0
        for bit in range(8):
            wanted = 0.5 * math.sin(2 * math.pi * (number * 8 + bit) / (length * 8))
            up = wanted + error >= 0
            error += wanted - (1 if up else -1)
            byte = byte << 1 | up
        out.append(byte)
    return bytes(out)


def dsf(seconds: float, channels: int = 2) -> bytes:
    """A DSF file; its samples end within a block."""
    tone = dsd_tone(seconds, channels)
    length = len(tone[0])
    blocks = bytearray()
    for start in range(0, length, _BLOCK):
        for channel in tone:
            blocks += channel[start : start + _BLOCK].ljust(_BLOCK, b"\0")
    speakers = {1: 1, 2: 2, 6: 7}[channels]
    numbers = (speakers, channels, DSD_RATE, 8, length * 8, _BLOCK, 0)
    form = struct.pack("<IIIIIIQII", 1, 0, *numbers)
    body = struct.pack("<4sQ", b"fmt ", 52) + form
    body += struct.pack("<4sQ", b"data", 12 + len(blocks)) + blocks
    return struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(body), 0) + body


def dff(seconds: float, channels: int = 2) -> bytes:
    """A DFF file with the same samples."""
    tone = dsd_tone(seconds, channels)
    frames = b"".join(map(bytes, zip(*tone, strict=True)))
    speakers = struct.pack(">H", channels) + b"SLFTSRGT"[: 4 * channels]
    properties = b"SND " + _chunk(b"FS  ", struct.pack(">I", DSD_RATE))
    properties += _chunk(b"CHNL", speakers) + _chunk(b"CMPR", b"DSD \x01-")
    body = _chunk(b"FVER", struct.pack(">I", 0x01050000))
    body += _chunk(b"PROP", properties) + _chunk(b"DSD ", frames)
    return b"FRM8" + struct.pack(">Q", 4 + len(body)) + b"DSD " + body


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">Q", len(body)) + body + bytes(len(body) % 2)


def tta(pcm: bytes, rate: int = 44_100) -> bytes:
    """A TTA file of stereo S16LE."""
    samples = len(pcm) // 4
    head = struct.pack("<4sHHHII", b"TTA1", 1, 2, 16, rate, samples)
    frames = list(_encoded(pcm, rate))
    table = struct.pack(f"<{len(frames)}I", *map(len, frames))
    checked = (part + struct.pack("<I", zlib.crc32(part)) for part in (head, table))
    return b"".join([*checked, *frames])


def _encoded(pcm: bytes, rate: int) -> Iterator[bytes]:
    Gst.init(None)
    pipeline = Gst.parse_launch(
        "appsrc name=source format=time ! avenc_tta ! appsink name=sink sync=false"
    )
    source, sink = (pipeline.get_by_name(name) for name in ("source", "sink"))
    caps = f"audio/x-raw,format=S16LE,rate={rate},channels=2,layout=interleaved"
    source.set_property("caps", Gst.Caps.from_string(caps))
    source.set_property("max-bytes", 0)
    pipeline.set_state(Gst.State.PLAYING)
    source.emit("push-buffer", Gst.Buffer.new_wrapped(pcm))
    source.emit("end-of-stream")
    while (sample := sink.emit("try-pull-sample", 20 * Gst.SECOND)) is not None:
        buffer = sample.get_buffer()
        yield buffer.extract_dup(0, buffer.get_size())
    pipeline.set_state(Gst.State.NULL)


def aiff(pcm: bytes, rate: int = 44_100) -> bytes:
    """An AIFF file of stereo S16LE."""
    numbers = array("h", pcm)
    numbers.byteswap()
    exponent = rate.bit_length() - 1
    float80 = struct.pack(">HQ", 16383 + exponent, rate << 63 - exponent)
    common = struct.pack(">HIH", 2, len(pcm) // 4, 16) + float80
    sound = bytes(8) + numbers.tobytes()
    body = b"AIFF" + b"COMM" + struct.pack(">I", len(common)) + common
    body += b"SSND" + struct.pack(">I", len(sound)) + sound
    return b"FORM" + struct.pack(">I", len(body)) + body


def behind_id3v2(data: bytes, padding: int = 1000) -> bytes:
    """The same file behind a tag."""
    size = bytes(padding >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + bytes(padding) + data


def write(path: Path, data: bytes) -> Path:
    """Write a file."""
    path.write_bytes(data)
    return path
