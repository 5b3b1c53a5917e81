"""Cut and garbled files of every format we name, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.rig import album
from tests.rig.album import encode, make_pcm
from tests.rig.containers import aiff, behind_id3v2, dff, dsf, tta

TESTS = Path(__file__).parents[1]
_SECONDS = 2

#: By ending, what is made with GStreamer.
_ENCODERS = {
    "flac": "flacenc",
    "alac": "avenc_alac ! mp4mux",
    "wv": "wavpackenc",
    "mka": "vorbisenc ! matroskamux",
    "wav": "wavenc",
    "mp3": "lamemp3enc target=bitrate bitrate=192 cbr=true ! id3v2mux",
    "mp2": "avenc_mp2",
    "m4a": "avenc_aac ! mp4mux",
    "m4b": "avenc_aac ! mp4mux faststart=true",
    "aac": "avenc_aac ! aacparse ! audio/mpeg,stream-format=adts",
    "ogg": "vorbisenc ! oggmux",
    "opus": "audioresample ! audio/x-raw,rate=48000 ! opusenc ! oggmux",
    "spx": "audioresample ! audio/x-raw,rate=16000,channels=1 ! speexenc ! oggmux",
    "weba": "audioresample ! audio/x-raw,rate=48000 ! opusenc ! webmmux",
    "avi": "lamemp3enc ! avimux",
    "au": "avmux_au",
    "wma": "avenc_wmav2 ! avmux_asf",
    "ac3": "avenc_ac3",
    "dts": "audioresample ! audio/x-raw,rate=48000 ! avenc_dca strict=experimental",
}
#: The others, of what is in the tests or made by hand.
_MADE: dict[str, Callable[[bytes], bytes]] = {
    "ape": lambda _: (TESTS / "cue" / "noise.ape").read_bytes(),
    "mpc": lambda _: (TESTS / "decoding" / "noise.mpc").read_bytes(),
    "tta": tta,
    "aiff": aiff,
    "dsf": lambda _: dsf(_SECONDS),
    "dff": lambda _: dff(_SECONDS),
}
ENDINGS = _ENCODERS.keys() | _MADE.keys()


def whole_files(folder: Path) -> dict[str, bytes]:
    """A sound file of each format, by ending."""
    pcm = make_pcm(_SECONDS, seed=11)
    files = {ending: make(pcm) for ending, make in _MADE.items()}
    known = album._ENCODERS
    for ending, encoder in _ENCODERS.items():
        known[f"broken-{ending}"] = encoder
        path = folder / f"whole.{ending}"
        encode(pcm, path, f"broken-{ending}")
        files[ending] = path.read_bytes()
        path.unlink()
    return files


def broken_files(
    whole: dict[str, bytes], seed: int, count: int
) -> Iterator[tuple[str, bytes]]:
    """Yield ``count`` names and contents, all formats in turn."""
    rng = random.Random(seed)
    endings = sorted(whole)
    damages = sorted(_DAMAGES)
    for number in range(count):
        ending, damage = endings[number % len(endings)], rng.choice(damages)
        data = _DAMAGES[damage](whole[ending], rng)
        yield f"{number:03} {damage}.{ending}", data


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _short(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(4, min(4000, len(data)))]


def _signed_noise(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.choice((4, 8, 12, 30, 100))] + rng.randbytes(len(data) // 2)


def _flips(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 20, 500))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def _head_flips(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 3, 10))):
        out[rng.randrange(4, min(200, len(out)))] = rng.randrange(256)
    return bytes(out)


def _hole(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    length = rng.randrange(1, len(data))
    return (
        data[:start] + bytes(len(data[start : start + length])) + data[start + length :]
    )


def _tail_first(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(100, len(data))
    return data[:100] + data[at:] + data[100:at]


def _tagged_cut(data: bytes, rng: random.Random) -> bytes:
    return behind_id3v2(_cut(data, rng), rng.choice((10, 5000, 100_000)))


_DAMAGES = {
    "cut": _cut,
    "flips": _flips,
    "head flips": _head_flips,
    "hole": _hole,
    "short": _short,
    "signed noise": _signed_noise,
    "tagged cut": _tagged_cut,
    "tail first": _tail_first,
}
