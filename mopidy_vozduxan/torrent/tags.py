"""What is known about one track: values, from names, tags or a CUE sheet."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

#: A CUE sheet counts time in CD frames: 588 samples of 44.1 kHz.
CUE_FRAMES_PER_S = 75
#: The artist of an album whose tracks are by several people.
VARIOUS_ARTISTS = "Various Artists"
#: Shown if no artist is known, because Iris takes one for granted. It is not in lists
#: of artists.
UNKNOWN_ARTIST = "Unknown Artist"


@dataclass(frozen=True, slots=True)
class Tags:
    """What a track says about itself; ``None`` and ``()`` mean unknown.

    ``date`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``, ``length_ms`` in ms and
    ``bitrate`` in kbit/s.
    """

    title: str | None = None
    artists: tuple[str, ...] = ()
    album: str | None = None
    albumartists: tuple[str, ...] = ()
    composers: tuple[str, ...] = ()
    performers: tuple[str, ...] = ()
    genre: str | None = None
    date: str | None = None
    track_no: int | None = None
    disc_no: int | None = None
    length_ms: int | None = None
    bitrate: int | None = None

    def completed(self, other: Tags) -> Tags:
        """Return these tags, with ``other`` where these say nothing."""
        values = {
            field.name: getattr(self, field.name) or getattr(other, field.name)
            for field in fields(self)
        }
        return Tags(**values)


@dataclass(frozen=True, slots=True)
class Part:
    """One track of a file that a CUE sheet divides.

    ``start`` and ``stop`` are in CUE frames (1/75 s) from the file's beginning;
    ``stop`` is ``None`` for the end of the file. ``number`` is the sheet's track
    number, from 1; ``tags.length_ms`` is not used.
    """

    number: int
    start: int
    stop: int | None
    tags: Tags

    def completed(self, file: Tags) -> Part:
        """Return the part, with the file's tags where its sheet says nothing."""
        own = self.tags
        tags = replace(
            own,
            artists=own.artists or file.artists,
            album=own.album or file.album,
            albumartists=own.albumartists or file.albumartists,
            genre=own.genre or file.genre,
            date=own.date or file.date,
            disc_no=own.disc_no or file.disc_no,
        )
        return replace(self, tags=tags)
