"""Files that hold music which we cannot play as it lies there, and why. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mopidy_vozduxan.audio.formats import extension, is_playable
from mopidy_vozduxan.torrent.metainfo import TorrentFile

_PACKED = "is an archive: what is packed in it cannot be played from a swarm"
_IMAGE = "is an image of a disc (SACD, DVD or data): GStreamer does not read into it"
_REASONS = {
    **dict.fromkeys(("zip", "rar", "7z", "tar", "gz", "bz2", "xz", "ace"), _PACKED),
    **dict.fromkeys(("iso", "img", "mdf", "nrg", "bin", "dmg"), _IMAGE),
}
_VOLUME = re.compile(r"(?:r|z)?[0-9]{2,3}", re.ASCII)


def why_not_shown(path: str) -> str | None:
    """Return why a file is no track, as the end of a sentence.

    None for tracks, and for files that nobody expects to be one.
    """
    ending = extension(path)
    volume = _VOLUME.fullmatch(ending) and not ending.isdecimal()
    return _PACKED if volume else _REASONS.get(ending)


def what_is_hidden(files: Iterable[TorrentFile]) -> str | None:
    """Return a sentence about what a torrent may hold besides its tracks.

    None if such files are less than the tracks: most archives then hold pictures.
    """
    shown, hidden = 0, list[TorrentFile]()
    for file in files:
        if is_playable(file):
            shown += file.size
        elif not file.padding and why_not_shown(file.path):
            hidden.append(file)
    if not hidden or sum(file.size for file in hidden) <= shown:
        return None
    largest = max(hidden, key=lambda file: file.size).path
    return f"“{largest.rpartition('/')[2]}” {why_not_shown(largest)}"
