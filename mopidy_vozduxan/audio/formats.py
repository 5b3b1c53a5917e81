"""The table of all containers, and what a file is by its name or its first bytes.

Nothing here opens a file. The table lists what GStreamer plays with the plugins that
Mopidy recommends. It does not promise that a given file is intact.
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
    avi,
    dff,
    dsf,
    dts,
    flac,
    matroska,
    mp4,
    mpeg,
    musepack,
    ogg,
    others,
    tta,
    wave,
    wavpack,
)
from mopidy_vozduxan.audio.container import Container, Format
from mopidy_vozduxan.torrent.metainfo import TorrentFile

#: All containers. A new one gets a module, and a line here.
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
    avi.CONTAINER,
    others.CONTAINER,
)
#: Stands for any other file: we know nothing about it.
UNKNOWN = Container(formats={})

#: By extension: lower case, without the dot.
BY_EXTENSION: dict[str, Container] = {
    extension: container for container in CONTAINERS for extension in container.formats
}

_SURE = frozenset(("flac", "ogg", "oga", "opus", "m4a", "wav"))
#: A signature that GStreamer's own type finders are sure of.
SURE_SIGNATURE = flac.CONTAINER.signatures[0][1]

#: The number of bytes that hold every signature.
SIGNATURE_BYTES = max(
    place + len(signature)
    for container in CONTAINERS
    for place, signature in container.signatures
)

#: Content types that we tell a browser. The bytes come from strangers, so types that
#: could run in the page's origin (HTML, SVG, scripts) are not among them.
_SAFE_KINDS = ("audio/", "image/", "video/")
_UNKNOWN = "application/octet-stream"
# Not the machine's own tables, so that the answer is the same everywhere.
_TYPES = mimetypes.MimeTypes()


def by_name(path: str) -> Container:
    """Return the container that a file's name stands for, or :data:`UNKNOWN`."""
    return BY_EXTENSION.get(extension(path), UNKNOWN)


def by_signature(head: bytes, start: int = 0) -> Container:
    """Return the container whose signature is at ``start``, or :data:`UNKNOWN`."""
    for container in CONTAINERS:
        for place, signature in container.signatures:
            if head.startswith(signature, start + place):
                return container
    return UNKNOWN


def container_of(path: str, head: bytes, start: int = 0) -> Container:
    """Return the container of a file by its signature, else by its name."""
    return next(
        (found for found in likely(path, head, start) if found is not UNKNOWN), UNKNOWN
    )


def likely(path: str, head: bytes, start: int) -> Iterator[Container]:
    """Yield what a file may be: by its signature first, then by its name.

    The name counts only for containers without a signature, such as MPEG audio.
    """
    yield by_signature(head, start)
    named = by_name(path)
    if not named.signatures:
        yield named


def is_audio(path: str) -> bool:
    """Whether the name is that of an audio file.

    macOS leaves a ``._name`` beside every file, and ``__MACOSX`` folders: those are
    none.
    """
    *folders, name = path.split("/")
    junk = name.startswith("._") or "__MACOSX" in folders
    return not junk and extension(path) in BY_EXTENSION


def is_playable(file: TorrentFile) -> bool:
    """Whether this file of a torrent is a track."""
    return not file.padding and file.size > 0 and is_audio(file.path)


def is_surely_typed(path: str) -> bool:
    """Whether GStreamer asks only its own type finders about a file of that name.

    It asks no further if one of them is sure, as they are of these.
    """
    return extension(path) in _SURE


def is_divisible(path: str) -> bool:
    """Whether a file with this name can be cut (:mod:`mopidy_vozduxan.cue`)."""
    found = by_name(path)
    return found.cut is not None or found.demuxer_cuts


def content_type(path: str) -> str:
    """Return a content type for any file that is safe for browsers."""
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
    """Return how many bytes at the end of the file a player reads first, often 0."""
    known = _format(path)
    return known.tail_kib * 1024 if known else 0


def stem(path: str) -> str:
    """Return the last part of ``path``, without the extension of an audio file."""
    return without_extension(path.rpartition("/")[2])


def without_extension(name: str) -> str:
    """Return a file's or torrent's name, without the extension of an audio file."""
    return name.rpartition(".")[0] if _format(name) else name


def _format(path: str) -> Format | None:
    return by_name(path).formats.get(extension(path))


def extension(path: str) -> str:
    """Return the extension in lower case, "" if there is none."""
    name, dot, ending = path.rpartition("/")[2].rpartition(".")
    return ending.lower() if dot and name else ""
