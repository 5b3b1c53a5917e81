"""Lossless files of any depth and rate, whose loudness and so bit rate varies."""

from __future__ import annotations

import random
from array import array
from dataclasses import dataclass
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

#: By name: encoder, file ending. Blocks of FLAC are 4608 samples and less.
ENCODERS = {
    "flac": ("flacenc", "flac"),
    "flac-no-table": ("flacenc seekpoints=0", "flac"),
    "flac-points": ("flacenc seekpoints=40", "flac"),
    "wav": ("wavenc", "wav"),
    "wv": ("wavpackenc", "wv"),
    "alac": ("audioconvert ! avenc_alac ! mp4mux", "m4a"),
}


@dataclass(frozen=True, slots=True)
class Quality:
    """What PCM is like."""

    rate: int = 44_100
    channels: int = 2
    bits: int = 16

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8

    @property
    def caps(self) -> str:
        mask = {1: 0x4, 2: 0x3, 6: 0x3F}[self.channels]
        return (
            f"audio/x-raw,format=S{self.bits}LE,rate={self.rate},layout=interleaved,"
            f"channels={self.channels},channel-mask=(bitmask){mask:#x}"
        )


CD = Quality()


def make_pcm(seconds: float, quality: Quality = CD, *, seed: int = 1) -> bytes:
    """Noise that is loud and soft in turn: frames of all sizes, none alike."""
    rng = random.Random(seed)
    width = quality.bits // 8
    samples = round(seconds * quality.rate) * quality.channels
    block = quality.rate * quality.channels // 2
    parts = []
    for start in range(0, samples, block):
        count = min(block, samples - start)
        # Numbers of 4 bytes, shifted to their width: the high bytes count.
        shift = 8 * (4 - width) + rng.choice((0, 0, 6, 10, 14)) % quality.bits
        numbers = array("i", rng.randbytes(4 * count))
        raw = array("i", (n >> shift for n in numbers)).tobytes()
        parts.append(b"".join(raw[i : i + width] for i in range(0, len(raw), 4)))
    return b"".join(parts)


def encode(pcm: bytes, folder: Path, name: str, quality: Quality = CD) -> Path:
    """Encode with one of `ENCODERS`; the file."""
    encoder, ending = ENCODERS[name]
    path = folder / f"{name}.{ending}"
    Gst.init(None)
    pipeline = Gst.parse_launch(
        f"appsrc name=source format=time max-bytes=0 ! {encoder}"
        f" ! filesink location={path}"
    )
    source = pipeline.get_by_name("source")
    source.set_property("caps", Gst.Caps.from_string(quality.caps))
    step = quality.rate * quality.frame_bytes
    # Without it flacenc writes no SEEKTABLE.
    source.set_property("duration", len(pcm) * Gst.SECOND // step)
    for second, start in enumerate(range(0, len(pcm), step)):
        data = pcm[start : start + step]
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.pts = second * Gst.SECOND
        buffer.duration = len(data) * Gst.SECOND // step
        source.emit("push-buffer", buffer)
    source.emit("end-of-stream")
    pipeline.set_state(Gst.State.PLAYING)
    ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(60 * Gst.SECOND, ends)
    pipeline.set_state(Gst.State.NULL)
    assert message and message.type == Gst.MessageType.EOS, message
    return path


#: Made of `ape_pcm()` with Debian's libjmac-java, the only free encoder there is:
#: three frames of 16-bit stereo, "high" compression.
APE = Path(__file__).with_name("noise.ape")


def ape_pcm() -> bytes:
    """The sound of `APE`."""
    rng = random.Random(75)
    samples = 4 * CD.rate * CD.channels
    noise = (rng.randrange(-1, 2) + i // 4000 % 7 for i in range(samples))
    return array("h", noise).tobytes()
