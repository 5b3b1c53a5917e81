"""Chapters of a file as its parts, like those of a CUE sheet. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mopidy_vozduxan.audio.chapters import Chapter
from mopidy_vozduxan.naming.names import clean
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S, Part, Tags


def parts_of_chapters(
    chapters: Sequence[Chapter], length_ms: int | None, file: Tags
) -> tuple[Part, ...]:
    """Return the parts of a file with these ``chapters``, its length and its tags.

    () if they do not divide it. The first part starts with the file.
    """
    heard = [c for c in chapters if length_ms is None or c.start_ms < length_ms]
    if len(heard) < 2:
        return ()
    starts = [c.start_ms * CUE_FRAMES_PER_S // 1000 for c in heard]
    starts[0] = 0
    if sorted(set(starts)) != starts:
        return ()
    whole = replace(file, album=file.album or file.title)
    return tuple(
        Part(number, start, stop, _tags(chapter, number)).completed(whole)
        for number, (chapter, start, stop) in enumerate(
            zip(heard, starts, [*starts[1:], None], strict=True), 1
        )
    )


def _tags(chapter: Chapter, number: int) -> Tags:
    title = clean(chapter.title) or f"Chapter {number}"
    return Tags(title=title, track_no=number)
