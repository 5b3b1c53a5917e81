"""Paths for copies of a torrent's files: safe everywhere, and legal where they go.

Pure. A torrent may call its files anything: ``..``, a device of Windows, two names that
differ in case only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mopidy_vozduxan.torrent.metainfo import TorrentFile

Path = tuple[str, ...]

_CONTROL = re.compile(r"[\x00-\x1f\x7f/]")
#: What FAT, exFAT and NTFS refuse as well.
_FORBIDDEN = re.compile(r'["*:<>?\\|]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
#: Bytes in UTF-8; FAT allows 255 UTF-16 units, which is never less.
LONGEST = 255
_LONGEST_ENDING = 16


def paths_for(files: Iterable[TorrentFile], *, fat: bool) -> Mapping[int, Path]:
    """Return the parts of the path of each file, by its index.

    No part leads upwards, and no two paths are the same, or one below the other. With
    ``fat`` names are legal on FAT, and differ in more than their case.
    """
    wanted = {file.index: _path(file.path, fat=fat) for file in files}
    taken = {
        _key(path[:depth], fat=fat)
        for path in wanted.values()
        for depth in range(1, len(path))
    }
    found = {}
    for index, path in wanted.items():
        found[index] = _free(path, taken, fat=fat)
        taken.add(_key(found[index], fat=fat))
    return found


def _path(path: str, *, fat: bool) -> Path:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return tuple(_part(part, fat=fat) for part in parts) or ("_",)


def _part(part: str, *, fat: bool) -> str:
    part = _CONTROL.sub("_", part.encode("utf-8", "replace").decode())
    if part == "..":
        part = "_"
    if fat:
        part = _FORBIDDEN.sub("_", part).rstrip(". ") or "_"
        part = f"_{part}" if _DEVICE.match(part) else part
    return _shortened(part, LONGEST)


def _shortened(part: str, most: int) -> str:
    if len(part.encode()) <= most:
        return part
    stem, ending = _split(part)
    room = most - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + ending


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > _LONGEST_ENDING:
        return name, ""
    return stem, dot + ending


def _free(path: Path, taken: set[Path], *, fat: bool) -> Path:
    *folders, name = path
    stem, ending = _split(name)
    number = 1
    while _key(path, fat=fat) in taken:
        number += 1
        mark = f" ({number}){ending}"
        path = (*folders, _shortened(stem, LONGEST - len(mark.encode())) + mark)
    return path


def _key(path: Path, *, fat: bool) -> Path:
    return tuple(part.casefold() for part in path) if fat else path
