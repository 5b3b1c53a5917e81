"""The table of all containers, and what a file is: by its name or its first bytes.

Nothing here opens a file. The table says what GStreamer plays with the plugins
Mopidy recommends; it never promises that a given file is sound.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator

from mopidy_vozduxan.audio import (
    ac3,
    adts,
    aiff,
    ape,
    asf,
    dff,
    dsf,
    dts,
    flac,
    matroska,
    mp4,
    mpeg,
    musepack,
    ogg,
    tta,
    wave,
    wavpack,
)
from mopidy_vozduxan.audio.container import Container, Format
from mopidy_vozduxan.torrent.metainfo import TorrentFile

#: Every container we know. A new one gets a module, and its place here.
CONTAINERS: tuple[Container, ...] = (
    flac.CONTAINER,
    ape.CONTAINER,
    wavpack.CONTAINER,
    wave.CONTAINER,
    aiff.CONTAINER,
    mp4.CONTAINER,
    mpeg.LAYER_III,
    mpeg.LAYER_II,
    ogg.CONTAINER,
    musepack.CONTAINER,
    tta.CONTAINER,
    dsf.CONTAINER,
    dff.CONTAINER,
    matroska.CONTAINER,
    asf.CONTAINER,
    adts.CONTAINER,
    ac3.CONTAINER,
    dts.CONTAINER,
)
#: What no container of ours is: nothing is known of it.
UNKNOWN = Container(formats={})

#: By extension, lower case, without the dot.
BY_EXTENSION: dict[str, Container] = {
    extension: container for container in CONTAINERS for extension in container.formats
}

#: In so many bytes, behind a tag, every sign is.
SIGN_BYTES = max(
    place + len(sign) for known in CONTAINERS for place, sign in known.signs
)

#: Types a browser may be told of: the bytes come from strangers, so nothing
#: that could run in the page's origin (HTML, SVG, scripts) is among them.
_SAFE_KINDS = ("audio/", "image/", "video/")
_UNKNOWN = "application/octet-stream"
# Without the machine's own tables: the same answer everywhere.
_TYPES = mimetypes.MimeTypes()


def named(path: str) -> Container:
    """Return the container that a file's name says it is; :data:`UNKNOWN` for none."""
    return BY_EXTENSION.get(extension(path), UNKNOWN)


def signed(head: bytes, start: int = 0) -> Container:
    """Return the container whose sign is at ``start``; :data:`UNKNOWN` for none."""
    for container in CONTAINERS:
        for place, sign in container.signs:
            if head.startswith(sign, start + place):
                return container
    return UNKNOWN


def likely(path: str, head: bytes, start: int) -> Iterator[Container]:
    """Yield what a file may be: by its sign, or by its name if that has no sign.

    Its first bytes count more than its name; MPEG audio has no sign worth the name.
    """
    yield signed(head, start)
    by_name = named(path)
    if not by_name.signs:
        yield by_name


def is_audio(path: str) -> bool:
    """Whether the name is that of an audio file, and not of its shadow.

    macOS leaves a ``._name`` beside every file, and ``__MACOSX`` folders.
    """
    *folders, name = path.split("/")
    junk = name.startswith("._") or "__MACOSX" in folders
    return not junk and extension(path) in BY_EXTENSION


def is_playable(file: TorrentFile) -> bool:
    """Whether this file of a torrent is a track."""
    return not file.padding and file.size > 0 and is_audio(file.path)


def is_divisible(path: str) -> bool:
    """Whether parts can be cut out of such a file (:mod:`mopidy_vozduxan.cue`)."""
    return named(path).cut is not None


def content_type(path: str) -> str:
    """Return the content type of any file, safe to hand to a browser."""
    known = _format(path)
    if known:
        return known.content_type
    guess = _TYPES.guess_type(f"x.{extension(path)}")[0] or _UNKNOWN
    safe = guess.startswith(_SAFE_KINDS) and guess != "image/svg+xml"
    return guess if safe or guess == "text/plain" else _UNKNOWN


def estimated_length_ms(path: str, size: int) -> int | None:
    """Guess the length of ``size`` bytes of audio; None for other files."""
    known = _format(path)
    return known.length_ms(size) if known else None


def tail_probe(path: str) -> int:
    """Return how many bytes at its end a player reads first; mostly none."""
    known = _format(path)
    return known.tail_kib * 1024 if known else 0


def stem(path: str) -> str:
    """Return the last part of ``path`` without its extension, if that is audio."""
    return without_extension(path.rpartition("/")[2])


def without_extension(name: str) -> str:
    """Return a file's or torrent's name without its extension, if that is audio."""
    return name.rpartition(".")[0] if _format(name) else name


def _format(path: str) -> Format | None:
    return named(path).formats.get(extension(path))


def extension(path: str) -> str:
    """Return the extension in lower case, "" where there is none."""
    name, dot, ending = path.rpartition("/")[2].rpartition(".")
    return ending.lower() if dot and name else ""
