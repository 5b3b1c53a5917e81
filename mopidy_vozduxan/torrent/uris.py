"""Our URIs: one value per shape; ``parse`` and ``str`` are inverse to each other.

Nothing here looks at a catalog or a swarm. The text never holds a comma, a slash or a
lower-case percent escape: Iris splits the input of its add dialog at commas, and
converts escapes to upper case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from mopidy_vozduxan.exceptions import BadInput

SCHEME = "vozduxan"
#: All schemes that we play.
SCHEMES = (SCHEME, "magnet")

_INFOHASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_WAYS = re.compile(r"[?&](?:tr|ws|x\.pe)(?:\.[0-9]+)?=")
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class RootUri:
    """The library's root."""

    def __str__(self) -> str:
        return f"{SCHEME}:directory:root"


@dataclass(frozen=True, slots=True)
class DirectoryUri:
    """A torrent with several folders."""

    infohash: str

    def __str__(self) -> str:
        return f"{SCHEME}:directory:{self.infohash}"


@dataclass(frozen=True, slots=True)
class AlbumUri:
    """One folder with audio: ``folder`` counts from 0; None means the only one."""

    infohash: str
    folder: int | None = None

    def __str__(self) -> str:
        number = "" if self.folder is None else f":{self.folder}"
        return f"{SCHEME}:album:{self.infohash}{number}"


@dataclass(frozen=True, slots=True)
class TrackUri:
    """One playable file; ``index`` counts as the engine does, from 0.

    ``part`` is the number of a track of the CUE sheet that divides the file.
    """

    infohash: str
    index: int
    part: int | None = None

    def __str__(self) -> str:
        part = "" if self.part is None else f":{self.part}"
        return f"{SCHEME}:track:{self.infohash}:{self.index}{part}"


@dataclass(frozen=True, slots=True)
class ViewUri:
    """One of the library's views: ``artists`` or ``albums``."""

    name: str

    def __str__(self) -> str:
        return f"{SCHEME}:directory:{self.name}"


@dataclass(frozen=True, slots=True)
class PlaylistUri:
    """A playlist file of a torrent; ``index`` counts as for tracks."""

    infohash: str
    index: int

    def __str__(self) -> str:
        return f"{SCHEME}:playlist:{self.infohash}:{self.index}"


@dataclass(frozen=True, slots=True)
class ArtistUri:
    """An artist, by name."""

    name: str

    def __str__(self) -> str:
        return f"{SCHEME}:artist:{_escape(self.name)}"


@dataclass(frozen=True, slots=True)
class AddUri:
    """A ``.torrent`` file at an ``http(s)`` URL, or a magnet link.

    A magnet link is a URI by itself, but one with commas (``so=``) does not survive
    Iris' dialog.
    """

    url: str

    def __str__(self) -> str:
        return f"{SCHEME}:add:{_escape(self.url)}"


@dataclass(frozen=True, slots=True)
class MagnetUri:
    """A magnet link, exactly as it was given."""

    text: str

    def __str__(self) -> str:
        return self.text


AnyUri = (
    RootUri
    | ViewUri
    | DirectoryUri
    | AlbumUri
    | TrackUri
    | PlaylistUri
    | ArtistUri
    | AddUri
    | MagnetUri
)

#: What a listener may keep: a whole torrent (an album without a number), one of its
#: albums, or a track's file.
Keep = AlbumUri | TrackUri

VIEWS = ("artists", "albums")


def parse(uri: str) -> AnyUri:
    """Return what ``uri`` names; raise :class:`BadInput` if it is not one of ours."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() == "magnet" and rest.startswith("?"):
        return MagnetUri(uri)
    kind, _, name = rest.partition(":")
    reader = _READERS.get(kind)
    if scheme.lower() != SCHEME or reader is None or not name:
        raise BadInput(f"This is not a URI that Vozduxan knows: {uri[:200]!r}.")
    return reader(name)


def keep_of(uri: AnyUri) -> Keep:
    """Return what of a torrent a URI names; raise :class:`BadInput` for others."""
    match uri:
        case DirectoryUri(infohash=infohash):
            return AlbumUri(infohash)
        case AlbumUri():
            return uri
        case TrackUri(infohash=infohash, index=index):
            return TrackUri(infohash, index)  # a part needs its whole file
    raise BadInput(f"{shown(str(uri))} is no torrent, album or track.")


def is_infohash(text: str) -> bool:
    """Return whether the text is an infohash in our form."""
    return bool(_INFOHASH.fullmatch(text))


def shown(uri: str) -> str:
    """Return ``uri`` in a form that may be logged.

    URLs in it may hold a listener's passkey, so only hosts are named.
    """
    try:
        parsed = parse(uri)
        if isinstance(parsed, AddUri):
            return urlsplit(parsed.url).hostname or SCHEME
        if isinstance(parsed, MagnetUri):
            return parsed.text.partition("&")[0]
    except BadInput:
        pass
    return uri[:200]


def magnet_of(infohash: str) -> str:
    """Return the shortest magnet link of a v1 or v2 infohash."""
    if len(infohash) == 40:
        return f"magnet:?xt=urn:btih:{infohash}"
    return f"magnet:?xt=urn:btmh:1220{infohash}"  # 0x12: SHA-256, 0x20: 32 bytes


def says_where(magnet: str) -> bool:
    """Return whether a magnet link names trackers, web seeds or peers."""
    return _WAYS.search(magnet) is not None


def _escape(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _read_directory(name: str) -> RootUri | ViewUri | DirectoryUri:
    if name in VIEWS:
        return ViewUri(name)
    return RootUri() if name == "root" else DirectoryUri(_infohash(name))


def _read_album(name: str) -> AlbumUri:
    infohash, colon, number = name.partition(":")
    return AlbumUri(_infohash(infohash), _number(number) if colon else None)


def _read_track(name: str) -> TrackUri:
    infohash, _, numbers = name.partition(":")
    index, colon, part = numbers.partition(":")
    return TrackUri(
        _infohash(infohash), _number(index), _number(part) if colon else None
    )


def _read_playlist(name: str) -> PlaylistUri:
    infohash, _, number = name.partition(":")
    return PlaylistUri(_infohash(infohash), _number(number))


def _read_artist(name: str) -> ArtistUri:
    return ArtistUri(unquote(name))


def _read_add(name: str) -> AddUri:
    url = unquote(name)
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise BadInput(f"This is not a URL: {url[:200]!r}.") from exc
    if url.lower().startswith("magnet:?"):
        return AddUri(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInput(f"Only http and https URLs can be added, not {url[:200]!r}.")
    return AddUri(url)


def _infohash(text: str) -> str:
    lowered = text.lower()
    if not _INFOHASH.fullmatch(lowered):
        raise BadInput(f"An infohash has 40 or 64 hex digits, not {text[:80]!r}.")
    return lowered


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"A number in a URI has plain digits, not {text[:80]!r}.")
    return int(text)


_READERS: dict[str, Callable[[str], AnyUri]] = {
    "directory": _read_directory,
    "album": _read_album,
    "track": _read_track,
    "playlist": _read_playlist,
    "artist": _read_artist,
    "add": _read_add,
}
