"""What is audio: by file name, its content type, and a guess at its length.

Nothing here opens a file. The tables say what GStreamer plays with the plugins
Mopidy recommends; they never promise that a given file is sound.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass

from mopidy_vozduxan.torrent.metainfo import TorrentFile


@dataclass(frozen=True, slots=True)
class Format:
    """A content type, and the bit rate (kbit/s) lengths are guessed with."""

    content_type: str
    nominal_kbps: int


# The guesses lean low, so that lengths come out long: core turns a seek beyond
# the length into "next", whereas one that is short of a too long length works.
# 700: acoustic and classical CD rips; loud ones have 1000, hi-res 2500 and more.
_LOSSLESS_KBPS = 700
_PCM_KBPS = 1411  # 44.1 kHz x 16 bit x 2, exact for CDs
_DSD_KBPS = 5645  # DSD64: 2.8224 MHz x 1 bit x 2
_MP3_KBPS = 192  # V2; V0 has 245, most others 320
_AAC_KBPS = 128  # the usual web rip; shops sell 256
_VORBIS_KBPS = 128  # quality 4; most rips are 5 to 8 (160 to 256)
_OPUS_KBPS = 96  # most rips are 96 to 160
_SPEECH_KBPS = 64  # audio books

#: By extension, lower case, without the dot.
AUDIO: dict[str, Format] = {
    "flac": Format("audio/flac", _LOSSLESS_KBPS),
    "alac": Format("audio/mp4", _LOSSLESS_KBPS),
    "ape": Format("audio/x-ape", _LOSSLESS_KBPS),
    "wv": Format("audio/x-wavpack", _LOSSLESS_KBPS),
    "tta": Format("audio/x-tta", _LOSSLESS_KBPS),
    "mka": Format("audio/x-matroska", _MP3_KBPS),
    "wav": Format("audio/wav", _PCM_KBPS),
    "aif": Format("audio/aiff", _PCM_KBPS),
    "aiff": Format("audio/aiff", _PCM_KBPS),
    "aifc": Format("audio/aiff", _PCM_KBPS),
    "dsf": Format("audio/x-dsf", _DSD_KBPS),
    "dff": Format("audio/x-dff", _DSD_KBPS),
    "mp3": Format("audio/mpeg", _MP3_KBPS),
    "mp2": Format("audio/mpeg", _MP3_KBPS),
    "m4a": Format("audio/mp4", _AAC_KBPS),
    "m4b": Format("audio/mp4", _SPEECH_KBPS),
    "aac": Format("audio/aac", _AAC_KBPS),
    "ogg": Format("audio/ogg", _VORBIS_KBPS),
    "oga": Format("audio/ogg", _VORBIS_KBPS),
    "opus": Format("audio/ogg", _OPUS_KBPS),
    "spx": Format("audio/ogg", _SPEECH_KBPS),
    "weba": Format("audio/webm", _OPUS_KBPS),
    "mpc": Format("audio/x-musepack", 160),
    "wma": Format("audio/x-ms-wma", _AAC_KBPS),
    "ac3": Format("audio/ac3", _MP3_KBPS),
    "dts": Format("audio/vnd.dts", _PCM_KBPS),
}

#: Types a browser may be told of: the bytes come from strangers, so nothing
#: that could run in the page's origin (HTML, SVG, scripts) is among them.
_SAFE_KINDS = ("audio/", "image/", "video/")
_UNKNOWN = "application/octet-stream"
# Without the machine's own tables: the same answer everywhere.
_TYPES = mimetypes.MimeTypes()


def is_audio(path: str) -> bool:
    """Whether the name is that of an audio file, and not of its shadow.

    macOS leaves a ``._name`` beside every file, and ``__MACOSX`` folders.
    """
    *folders, name = path.split("/")
    junk = name.startswith("._") or "__MACOSX" in folders
    return not junk and extension(path) in AUDIO


def is_playable(file: TorrentFile) -> bool:
    """Whether this file of a torrent is a track."""
    return not file.padding and file.size > 0 and is_audio(file.path)


def content_type(path: str) -> str:
    """Return the content type of any file, safe to hand to a browser."""
    ending = extension(path)
    if ending in AUDIO:
        return AUDIO[ending].content_type
    guess = _TYPES.guess_type(f"x.{ending}")[0] or _UNKNOWN
    safe = guess.startswith(_SAFE_KINDS) and guess != "image/svg+xml"
    return guess if safe or guess == "text/plain" else _UNKNOWN


def estimated_length_ms(path: str, size: int) -> int | None:
    """Guess the length of ``size`` bytes of audio; None for other files."""
    known = AUDIO.get(extension(path))
    # bytes * 8 / (kbit/s) is ms
    return None if known is None else max(1, size * 8 // known.nominal_kbps)


#: What demuxers read at the end of a file before they play (measured: the last
#: 128 KiB of Ogg; an index at the end of M4A takes about 4 bytes per frame).
_TAIL_PROBES = {"ogg": 128, "oga": 128, "opus": 128, "spx": 128, "m4a": 256, "m4b": 512}


def tail_probe(path: str) -> int:
    """Return how many bytes at its end a player reads first; mostly none."""
    return _TAIL_PROBES.get(extension(path), 0) * 1024


def stem(path: str) -> str:
    """Return the last part of ``path`` without its extension, if that is audio."""
    return without_extension(path.rpartition("/")[2])


def without_extension(name: str) -> str:
    """Return a file's or torrent's name without its extension, if that is audio."""
    return name.rpartition(".")[0] if extension(name) in AUDIO else name


def extension(path: str) -> str:
    """Return the extension in lower case, "" where there is none."""
    name, dot, ending = path.rpartition("/")[2].rpartition(".")
    return ending.lower() if dot and name else ""
