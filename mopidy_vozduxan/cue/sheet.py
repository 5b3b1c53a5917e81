"""From a CUE sheet to the parts of a torrent's files. Pure, and never guesses.

Design notes
------------
- A track lasts from its INDEX 01 to that of the next track. The pregap (INDEX 00) is
  the end of the previous track, as on a CD player.
- We skip what precedes the first INDEX 01, as a CD player does: usually two seconds of
  silence. If it lasts ``HIDDEN_S`` or more it is a hidden song. The first track then
  includes it, because nobody could hear it otherwise.
- A file in which the sheet starts only one track is a track already, and stays whole.
  If that is so for all of its files, the sheet has their titles.
- A part has the number of its track, unless numbers are missing or repeated: then the
  parts are counted.
- The sheet often has the name that the file had before it was encoded. So the extension
  may differ, and if there is only one candidate, the whole name.
- Some people keep sheets in a folder of their own, or in the folder above the discs. So
  the file may be elsewhere if the sheet has its path, or if only one file in the folder
  above or in the whole torrent has its name.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from mopidy_vozduxan.audio.formats import is_divisible, is_playable, stem
from mopidy_vozduxan.cue.syntax import Sheet, SheetFile, SheetTrack, parse
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.naming.encodings import decoded
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S, Part, Tags

#: A sheet of 99 tracks takes some 10 kB.
MOST_BYTES = 256 * 1024
#: This many seconds before the first track are a hidden track, not a pregap.
HIDDEN_S = 10


def read_sheet(
    data: bytes, path: str, metainfo: Metainfo
) -> dict[int, tuple[Part, ...]]:
    """Return the parts of the files that the sheet divides, by file index.

    A file that is one track has a single part: the sheet has its tags. ``path`` is that
    of the sheet; its folder is searched first. Raises :class:`BadInput` if nothing is
    certain.
    """
    sheet = parse(_text(data))
    files = [file for file in metainfo.files if is_playable(file)]
    divided = _divided(sheet, path, files)
    if not divided:
        name = _name(path)
        raise BadInput(f"It is uncertain which file the CUE sheet “{name}” divides.")
    return divided


def best_sheet(sheets: Iterable[tuple[Part, ...]]) -> tuple[Part, ...]:
    """Return the most informative of several sheets of a file; the first of equals."""
    return max(
        sheets,
        key=lambda parts: (
            len(parts) > 1,
            sum(part.tags.title is not None for part in parts),
            len(parts),
        ),
        default=(),
    )


def _divided(
    sheet: Sheet, path: str, files: Sequence[TorrentFile]
) -> dict[int, tuple[Part, ...]]:
    divided: dict[int, tuple[Part, ...]] = {}
    places = _Places(files)
    one_each = len(sheet.tracks) == sum(bool(file.tracks) for file in sheet.files)
    for named in sheet.files:
        parts = parts_of(sheet, named)
        if len(parts) < 2 and not (parts and one_each):
            continue
        own_name = _name(path).rpartition(".")[0] if len(sheet.files) == 1 else None
        file = _meant(named.name.replace("\\", "/"), path, own_name, places)
        if file and (is_divisible(file.path) or len(parts) == 1):
            divided.setdefault(file.index, parts)
    return divided


def _meant(
    name: str, path: str, own_name: str | None, places: _Places
) -> TorrentFile | None:
    """Return the file that the sheet at ``path`` calls ``name``.

    A sheet for a single file may have the file's name: ``own_name``.
    """
    folder = _folder(path)
    wanted = [name] if own_name is None else [name, own_name]
    elsewhere = _joined(folder, _folder(name)) if "/" in name else None
    if elsewhere and elsewhere != folder:
        found = places.within(elsewhere).called(name)
        if len(found) == 1:
            return found[0]
    nearby = places.within(folder)
    for place in (nearby, places.within(_folder(folder)), places.everywhere):
        several = [place.called(words) for words in wanted]
        for found in several:
            if len(found) == 1:
                return found[0]
        if place is nearby and own_name is not None and len(nearby.files) == 1:
            return nearby.files[0]
        if any(several):
            return None  # ambiguous
    return None


class _Place:
    """Some of a torrent's files, by name."""

    def __init__(self, files: Sequence[TorrentFile]) -> None:
        self.files = files

    def called(self, name: str) -> Sequence[TorrentFile]:
        """Return the file with that name, or else those with its stem."""
        wanted = _folded(_name(name))
        found = self._by_name.get(wanted, ())
        return (
            found if len(found) == 1 else self._by_stem.get(_folded(stem(wanted)), ())
        )

    @cached_property
    def _by_name(self) -> dict[str, list[TorrentFile]]:
        return _grouped(self.files, lambda file: _folded(_name(file.path)))

    @cached_property
    def _by_stem(self) -> dict[str, list[TorrentFile]]:
        return _grouped(self.files, lambda file: _folded(stem(file.path)))


class _Places:
    """A torrent's files: all of them, and by folder."""

    def __init__(self, files: Sequence[TorrentFile]) -> None:
        self.everywhere = _Place(files)
        folders = _grouped(files, lambda file: _folded(_folder(file.path)))
        self._folders = {folder: _Place(inside) for folder, inside in folders.items()}

    def within(self, folder: str) -> _Place:
        """Return the files directly in a folder."""
        return self._folders.get(_folded(folder), _Place(()))


def _grouped(
    files: Sequence[TorrentFile], key: Callable[[TorrentFile], str]
) -> dict[str, list[TorrentFile]]:
    groups: dict[str, list[TorrentFile]] = defaultdict(list)
    for file in files:
        groups[key(file)].append(file)
    return dict(groups)


def _joined(folder: str, relative: str) -> str | None:
    """Return a folder relative to another; None if it is outside of the torrent."""
    whole = folder.split("/")
    for part in relative.split("/"):
        if part == "..":
            if not whole:
                return None
            whole.pop()
        elif part not in ("", "."):
            whole.append(part)
    return "/".join(whole)


def parts_of(sheet: Sheet, file: SheetFile) -> tuple[Part, ...]:
    """Return the tracks that start in one file of the sheet, with their tags."""
    tracks = [track for track in file.tracks if track.is_audio]
    numbers = [track.number for track in tracks]
    if 0 in numbers or sorted(set(numbers)) != numbers:
        numbers = list(range(1, len(tracks) + 1))
    starts = [track.start or 0 for track in file.tracks]
    stops = [*starts[1:], None][: len(starts)]
    if starts and starts[0] >= HIDDEN_S * CUE_FRAMES_PER_S:
        starts[0] = 0
    places = zip(file.tracks, starts, stops, strict=True)
    heard = [(start, stop) for track, start, stop in places if track.is_audio]
    return tuple(
        Part(number, start, stop, _tags(sheet, track))
        for number, track, (start, stop) in zip(numbers, tracks, heard, strict=True)
    )


def _tags(sheet: Sheet, track: SheetTrack) -> Tags:
    album, words = sheet.words, track.words
    performer = words.get("PERFORMER") or album.get("PERFORMER")
    composer = next(
        (
            found
            for owner in (words, album)
            for command in ("SONGWRITER", "COMPOSER")
            if (found := owner.get(command))
        ),
        None,
    )
    return Tags(
        title=words.get("TITLE"),
        artists=_one(performer),
        album=album.get("TITLE"),
        albumartists=_one(album.get("PERFORMER")),
        composers=_one(composer),
        genre=words.get("GENRE") or album.get("GENRE"),
        date=sheet.date,
        track_no=track.number or None,
        disc_no=sheet.disc_no,
    )


def _one(name: str | None) -> tuple[str, ...]:
    return (name,) if name else ()


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise BadInput(f"A file of {len(data)} bytes is too large for a CUE sheet.")
    # UTF-16 without a mark: every other byte is 0 in text that is mostly ASCII.
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", "replace")
    if data[:1] == b"\0":
        return data.decode("utf-16-be", "replace")
    return decoded(data)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
