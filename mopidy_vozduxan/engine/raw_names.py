"""Decodes the names in torrents that are not in UTF-8, from their raw bytes.

libtorrent replaces bytes that are not UTF-8 by "_", and swallows the following ones:
"Песня.mp3" in cp1251 becomes "__mp3", which is not an audio file any more. The names
from here are only for people; on disk libtorrent's names stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mopidy_vozduxan.engine.bencode import bdecoded
from mopidy_vozduxan.naming.encodings import decoded_together

#: Folders and name of one file, as bytes.
RawPath = tuple[bytes, ...]

#: The limit of names on disk; the extension is kept.
_MAX_CHARS, _ENDING = 255, 20
_NOT_IN_NAMES = re.compile(r"[/\\\x00-\x1f\x7f]")


def readable_names(info: Any, torrent: bytes | None) -> tuple[str, list[str]] | None:
    """Return the torrent's name and its files' paths, decoded.

    ``info`` is libtorrent's ``torrent_info``. ``torrent``, the whole file's bytes, may
    name the encoding. None if libtorrent's own names are right: all of them are UTF-8,
    or there are ``name.utf-8`` and ``path.utf-8``.
    """
    if info.info_hashes().has_v2():
        return None  # v2 requires UTF-8
    paths = _raw_paths(bytes(info.info_section()))
    if len(paths) != info.num_files():
        return None
    parts = list(dict.fromkeys(part for path in paths for part in path))
    if all(_is_utf8(part) for part in parts):
        return None
    text = _texts(parts, _claimed_encoding(torrent) if torrent else None)
    return text[paths[0][0]], ["/".join(text[part] for part in path) for path in paths]


def _claimed_encoding(torrent: bytes) -> str | None:
    fields = bdecoded(torrent)
    claim = fields.get(b"encoding") or fields.get(b"codepage")
    if isinstance(claim, bytes):
        return claim[:40].decode("ascii", "replace")
    return f"cp{claim}" if isinstance(claim, int) else None


def _texts(parts: Sequence[bytes], hint: str | None) -> dict[bytes, str]:
    """Return the parts' texts; all differ, or two folders would become one."""
    for texts in (
        decoded_together(parts, hint),
        [part.decode("latin-1") for part in parts],
    ):
        safe = [_safe(text) for text in texts]
        if len(set(safe)) == len(parts):
            break
    return dict(zip(parts, safe, strict=True))


def _safe(text: str) -> str:
    whole = (
        text
        if len(text) <= _MAX_CHARS
        else text[: _MAX_CHARS - _ENDING] + text[-_ENDING:]
    )
    name = _NOT_IN_NAMES.sub("_", whole)
    return "_" if name.strip() in ("", ".", "..") else name


def _raw_paths(section: bytes) -> list[RawPath]:
    """Return the paths of all files; an empty list if they are invalid."""
    fields = bdecoded(section)
    root, files = _best(fields, b"name", bytes), fields.get(b"files", [{b"path": []}])
    try:
        paths = [(root, *_best(file, b"path", list)) for file in files]
    except (AttributeError, TypeError):
        return []
    sound = all(isinstance(part, bytes) for path in paths for part in path)
    return paths if sound else []


def _best(fields: dict[bytes, Any], key: bytes, kind: type) -> Any:
    best = fields.get(key + b".utf-8")
    return best if isinstance(best, kind) else fields.get(key)


def _is_utf8(part: bytes) -> bool:
    try:
        part.decode()
    except UnicodeDecodeError:
        return False
    return True
