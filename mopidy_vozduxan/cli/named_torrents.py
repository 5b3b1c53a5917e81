"""The torrents that the command line names: links, files, standard input."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.metainfo import MAX_TORRENT_BYTES

STDIN = "-"


@dataclass(frozen=True, slots=True)
class NamedTorrent:
    """One torrent: ``text`` is the argument, ``torrent`` the bytes of a file."""

    text: str
    torrent: bytes | None = None

    @property
    def arguments(self) -> dict[str, object]:
        """The arguments for the commands."""
        if self.torrent is None:
            return {"source": self.text}
        return {"torrentFileB64": base64.b64encode(self.torrent).decode()}


def named(words: Iterable[str]) -> Iterator[str | NamedTorrent]:
    """Return the sources, with the content of standard input in place of ``-``."""
    for word in words:
        if word != STDIN:
            yield word
            continue
        data = sys.stdin.buffer.read(MAX_TORRENT_BYTES + 1)
        if data[:1] == b"d" and data[1:2].isdigit():  # a bencoded dictionary
            yield NamedTorrent("standard input", data)
        else:
            yield from filter(
                None, map(str.strip, data.decode(errors="replace").splitlines())
            )


def read(word: str | NamedTorrent) -> NamedTorrent:
    """Return the source that a word names; read it if it is an existing file.

    Raises :class:`BadInput`.
    """
    if isinstance(word, NamedTorrent):
        return word
    path = Path(word)
    if path.suffix.lower() != ".torrent" and not _is_file(path):
        return NamedTorrent(word)
    if word.partition(":")[0].lower() in ("http", "https", "vozduxan", "magnet"):
        return NamedTorrent(word)
    try:
        with path.open("rb") as file:
            return NamedTorrent(word, file.read(MAX_TORRENT_BYTES + 1))
    except OSError as exc:
        raise BadInput(f"{word} cannot be read: {exc.strerror}.") from exc


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for a name: a magnet link
        return False
