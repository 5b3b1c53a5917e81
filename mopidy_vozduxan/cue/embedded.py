"""CUE sheets inside the file that they divide: in a comment, or in FLAC's own block.

Pure: reads what a scan found and the file's first bytes, never the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence

from mopidy_vozduxan.audio.flac import read_cuesheet
from mopidy_vozduxan.audio.formats import is_divisible
from mopidy_vozduxan.cue.sheet import MOST_BYTES, parts_of
from mopidy_vozduxan.cue.syntax import (
    MOST_FRAMES,
    Sheet,
    SheetFile,
    SheetTrack,
    in_order,
    parse,
)
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S, Part

_COMMENTS = "extended-comment"  # GStreamer's name for "NAME=text" of unknown tags
_NAME = "cuesheet"

# RFC 9639, 8.7.
_SHEET = struct.Struct(">128x8xB258xB")
_TRACK = struct.Struct(">QB12xB13xB")
_INDEX = struct.Struct(">QB3x")
_LEAD_OUT = (170, 255)
_NO_AUDIO = 0x80


def read_embedded(
    path: str,
    found: Mapping[str, Sequence[object]],
    head: bytes,
    length_ms: int | None,
) -> tuple[Part, ...]:
    """Return the parts of a file by the sheet inside it; () without one.

    ``found`` are its tags by GStreamer's names, ``head`` its first bytes: a
    ``CUESHEET`` block that ends beyond them is ignored. Raises :class:`BadInput` if the
    sheet cannot belong to the file.
    """
    if not is_divisible(path):
        return ()
    text = _comment(found)
    sheet = _of_blocks(head) if text is None else parse(text[:MOST_BYTES])
    if sheet is None:
        return ()
    if len(sheet.files) != 1:
        raise BadInput("The embedded CUE sheet is for several files.")
    parts = parts_of(sheet, sheet.files[0])
    # Files that were cut out of an image may still have the image's sheet.
    last_ms = parts[-1].start * 1000 // CUE_FRAMES_PER_S if parts else 0
    if len(parts) < 2 or (length_ms is not None and length_ms <= last_ms):
        raise BadInput("The embedded CUE sheet does not divide this file.")
    return parts


def _comment(found: Mapping[str, Sequence[object]]) -> str | None:
    for comment in found.get(_COMMENTS, ()):
        name, _, text = str(comment).partition("=")
        if name.casefold() == _NAME:
            return text
    return None


def _of_blocks(head: bytes) -> Sheet | None:
    """Return the sheet in FLAC's ``CUESHEET`` block; None if there is none."""
    found = read_cuesheet(head)
    if found is None:
        return None
    rate, body = found
    tracks = list(_tracks(body, rate or 1))
    return Sheet({}, [SheetFile("", in_order(tracks))], tracks)


def _tracks(body: bytes, rate: int) -> Iterator[SheetTrack]:
    try:
        _, count = _SHEET.unpack_from(body)
        at = _SHEET.size
        for _ in range(count):
            offset, number, flags, index_count = _TRACK.unpack_from(body, at)
            at += _TRACK.size
            indexes = [
                _INDEX.unpack_from(body, at + n * _INDEX.size)
                for n in range(index_count)
            ]
            at += index_count * _INDEX.size
            start = next((place for place, name in indexes if name == 1), 0)
            if number in _LEAD_OUT:
                continue
            frames = (offset + start) * CUE_FRAMES_PER_S // rate
            if not number or frames > MOST_FRAMES:
                raise BadInput("The embedded CUE sheet has a wrong count.")
            yield SheetTrack(number, not flags & _NO_AUDIO, {}, frames)
    except struct.error as exc:
        raise BadInput("The embedded CUE sheet is cut off.") from exc
