"""Makes small tagged albums, and decodes any audio file to PCM with GStreamer.

The sound is a seeded chord under seeded noise, so that FLAC needs 700-1000 kbit/s and
every second differs from every other: a captured stretch of PCM can be found again in
its source. Equal seeds give equal PCM; lossless files then decode to exactly that
PCM. Ogg and MP4 containers carry random serials and dates, so their bytes may differ.

Never uses numpy, ffmpeg or the network.
"""

from __future__ import annotations

import functools
import math
import random
import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst  # noqa: E402

RATE = 44_100
FRAME = 4  # bytes: two channels of 16 bits

_CHORDS = (
    (220, 277, 330),
    (196, 247, 294),
    (175, 220, 262),
    (165, 208, 247),
    (147, 175, 220),
    (131, 165, 196),
)

# Without PNS: a decoder fills that with random noise, other noise after each seek.
_AAC = "avenc_aac aac-pns=false bitrate=192000 ! aacparse"

_ENCODERS = {
    "flac": "flacenc",
    "wav": "wavenc",
    "mp3": "lamemp3enc target=bitrate bitrate=192 cbr=true ! id3v2mux",
    "ogg": "vorbisenc quality=0.5 ! oggmux",
    "opus": "audioresample ! audio/x-raw,rate=48000 ! opusenc bitrate=128000 ! oggmux",
    "m4a": f"{_AAC} ! mp4mux",
    "m4a-faststart": f"{_AAC} ! mp4mux faststart=true",
}

FORMATS = tuple(_ENCODERS)


@dataclass(frozen=True, slots=True)
class Track:
    """One file to be made: `format` is one of `FORMATS`."""

    title: str
    format: str = "flac"
    seconds: float = 5.0

    @property
    def suffix(self) -> str:
        return self.format.partition("-")[0]


@dataclass(frozen=True, slots=True)
class CutAlbum:
    """Files that are stretches of one recording, and that recording as PCM."""

    paths: list[Path]
    pcm: bytes


def make_album(
    folder: Path,
    tracks: Sequence[Track],
    *,
    seed: int = 1,
    artist: str = "The Rig",
    album: str | None = None,
    cover: bool = True,
    genre: str | None = None,
) -> list[Path]:
    """Write `01 - Title.flac`, … and `cover.jpg`; return the audio files in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, track in enumerate(tracks, 1):
        pcm = make_pcm(track.seconds, seed=seed * 1000 + number)
        path = folder / f"{number:02} - {track.title}.{track.suffix}"
        encode(
            pcm,
            path,
            track.format,
            {
                "title": track.title,
                "artist": artist,
                "album": album or folder.name,
                "track-number": number,
                "track-count": len(tracks),
                **({"genre": genre} if genre else {}),
            },
        )
        paths.append(path)
    if cover:
        make_cover(folder / "cover.jpg", seed=seed)
    return paths


def cut_album(
    folder: Path, lengths: Sequence[int], *, seed: int = 1, format: str = "flac"
) -> CutAlbum:
    """Cut one recording into files of `lengths` samples each (lossless formats)."""
    pcm = make_pcm(sum(lengths) / RATE, seed=seed)
    paths = []
    folder.mkdir(parents=True, exist_ok=True)
    start = 0
    for number, length in enumerate(lengths, 1):
        path = folder / f"{number:02} - Cut {number}.{format}"
        tags = {"title": f"Cut {number}", "artist": "The Rig", "album": folder.name}
        stop = start + length * FRAME
        encode(pcm[start:stop], path, format, {**tags, "track-number": number})
        paths.append(path)
        start = stop
    return CutAlbum(paths, pcm)


def make_pcm(seconds: float, *, seed: int) -> bytes:
    """Interleaved stereo S16LE at 44.1 kHz.

    Whole tracks are added as one big integer per signal, sixteen bits a lane and
    no lane overflowing: linear time, a few hundred MB/s in plain Python.
    """
    length = round(seconds * RATE) * FRAME
    rng = random.Random(seed)
    music = b"".join(_chord(*rng.choice(_CHORDS)) for _ in range(8))
    music = (music * (length // len(music) + 1))[:length]
    lanes = length // 2
    mask = int.from_bytes(b"\xff\x01" * lanes, "little")
    total = int.from_bytes(music, "little")
    for _ in range(2):
        total += int.from_bytes(rng.randbytes(length), "little") & mask
    total ^= int.from_bytes(b"\x00\x80" * lanes, "little")  # unsigned to signed
    return total.to_bytes(length, "little")


@functools.cache
def _chord(*frequencies: int) -> bytes:
    """One second, decaying, as unsigned lanes between 0x4000 and 0xc000."""
    samples = array("H", bytes(RATE * FRAME))
    steps = [2 * math.pi * frequency / RATE for frequency in frequencies]
    scale = 0x3C00 / len(steps)
    for i in range(RATE):
        swell = scale * min(1.0, i / 400) * (1.0 - i / RATE)
        value = 0x8000 - 0x200 + int(swell * sum(math.sin(step * i) for step in steps))
        samples[2 * i] = samples[2 * i + 1] = value
    return samples.tobytes()


def encode(
    pcm: bytes, path: Path, format: str, tags: dict[str, str | int] | None = None
) -> None:
    """Encode stereo S16LE 44.1 kHz to `path`."""
    Gst.init(None)
    pipeline = Gst.parse_launch(
        f"appsrc name=source format=time ! audioconvert ! {_ENCODERS[format]}"
        " ! filesink name=sink"
    )
    pipeline.get_by_name("sink").set_property("location", str(path))
    _set_tags(pipeline, tags or {})
    source = pipeline.get_by_name("source")
    source.set_property("caps", Gst.Caps.from_string(_caps(RATE, 2)))
    source.set_property("max-bytes", 0)
    pipeline.set_state(Gst.State.PLAYING)
    _push(source, pcm)
    _run_to_end(pipeline, f"encoding {path.name}")


def _push(source: Gst.Element, pcm: bytes) -> None:
    second = RATE * FRAME
    for start in range(0, len(pcm), second):
        data = pcm[start : start + second]
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.pts = start // FRAME * Gst.SECOND // RATE
        stop = (start + len(data)) // FRAME * Gst.SECOND // RATE
        buffer.duration = stop - buffer.pts
        source.emit("push-buffer", buffer)
    source.emit("end-of-stream")


def _set_tags(pipeline: Gst.Pipeline, tags: dict[str, str | int]) -> None:
    if not tags:
        return
    found = Gst.TagList.new_empty()
    for name, value in tags.items():
        typed = GObject.TYPE_UINT if isinstance(value, int) else GObject.TYPE_STRING
        found.add_value(Gst.TagMergeMode.REPLACE, name, GObject.Value(typed, value))
    elements = pipeline.iterate_all_by_interface(Gst.TagSetter)
    for element in iter(lambda: elements.next()[1], None):
        # Not `element.merge_tags`: an audio encoder has another by that name, once
        # somebody imports GstAudio.
        Gst.TagSetter.merge_tags(element, found, Gst.TagMergeMode.REPLACE_ALL)


def make_cover(path: Path, *, seed: int = 1, size: int = 300) -> None:
    """A small real JPEG, another colour for another seed."""
    Gst.init(None)
    colour = 0xFF000000 | random.Random(seed).getrandbits(24)
    pipeline = Gst.parse_launch(
        f"videotestsrc num-buffers=1 pattern=circular foreground-color={colour}"
        f" ! video/x-raw,width={size},height={size} ! jpegenc ! filesink name=sink"
    )
    pipeline.get_by_name("sink").set_property("location", str(path))
    pipeline.set_state(Gst.State.PLAYING)
    _run_to_end(pipeline, f"making {path.name}")


def pcm_of(path: Path | str, *, format: str = "S16LE", start_ms: int = 0) -> bytes:
    """Decode a file or URI to interleaved samples, at its own rate.

    Goes through `playbin` with Mopidy's flags and `recorded`'s converter, because
    GStreamer then picks the same decoder as in Mopidy (1.22: another one for MP3
    than `uridecodebin` would). `start_ms` seeks first, as Mopidy does.
    """
    Gst.init(None)
    uri = str(path) if "://" in str(path) else Path(path).resolve().as_uri()
    with tempfile.NamedTemporaryFile(suffix=".pcm") as file:
        player = Gst.ElementFactory.make("playbin")
        Gst.util_set_object_arg(player, "flags", "audio+soft-volume")
        sink = Gst.parse_bin_from_description(recorded(Path(file.name), format), True)
        player.set_property("audio-sink", sink)
        player.set_property("uri", uri)
        if start_ms:
            _seek(player, start_ms)
        player.set_state(Gst.State.PLAYING)
        _run_to_end(player, f"decoding {path}")
        return Path(file.name).read_bytes()


def recorded(path: Path, format: str = "S16LE") -> str:
    """The end of a pipeline that writes raw samples to `path`.

    Dithering would add noise of its own to what a lossy decoder gives as floats. To
    planar floats (AAC) playbin's own converter does it all the same when the end
    wants S16LE: record lossy formats as F32LE, which nobody has to quantise.
    """
    return (
        f"audioconvert dithering=none noise-shaping=none ! audio/x-raw,format={format}"
        f" ! filesink name=sink buffer-mode=unbuffered location={path}"
    )


def _seek(player: Gst.Element, start_ms: int) -> None:
    player.set_state(Gst.State.PAUSED)
    if player.get_state(60 * Gst.SECOND)[0] != Gst.StateChangeReturn.SUCCESS:
        raise RuntimeError("the file does not preroll")
    player.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH, start_ms * Gst.MSECOND)
    player.get_state(60 * Gst.SECOND)


def _caps(rate: int, channels: int) -> str:
    return (
        f"audio/x-raw,format=S16LE,rate={rate},channels={channels},layout=interleaved"
    )


def _run_to_end(pipeline: Gst.Pipeline, what: str, timeout: float = 120) -> None:
    ends = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(int(timeout * Gst.SECOND), ends)
    pipeline.set_state(Gst.State.NULL)
    if message is None:
        raise TimeoutError(what)
    if message.type == Gst.MessageType.ERROR:
        raise RuntimeError(f"{what}: {message.parse_error()[0].message}")
