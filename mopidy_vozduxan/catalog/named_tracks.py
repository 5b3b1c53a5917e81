"""What the names in a torrent say about its tracks, before any tag is read: pure."""

from __future__ import annotations

from dataclasses import dataclass

from mopidy_vozduxan.audio.formats import estimated_length_ms, without_extension
from mopidy_vozduxan.naming.album_names import AlbumName, album_name, says_nothing
from mopidy_vozduxan.naming.audio_folders import audio_folders
from mopidy_vozduxan.naming.names import clean, is_disc_folder
from mopidy_vozduxan.naming.track_names import Style, style_of, track_name
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile
from mopidy_vozduxan.torrent.tags import Tags


@dataclass(frozen=True, slots=True)
class NamedFolder:
    """A folder with audio; ``tracks`` are (file, tags) in natural order."""

    path: str
    album: AlbumName
    tracks: tuple[tuple[TorrentFile, Tags], ...]


def named_folders(metainfo: Metainfo) -> list[NamedFolder]:
    """Return what the names say, folder by folder; lengths are guesses."""
    whole = album_name(without_extension(metainfo.name))
    return [_folder(whole, path, files) for path, files in audio_folders(metainfo)]


def _folder(whole: AlbumName, path: str, files: tuple[TorrentFile, ...]) -> NamedFolder:
    album = _album_name(whole, path)
    style = style_of([file.path for file in files])
    tracks = tuple((file, _tags(file, style, album)) for file in files)
    return NamedFolder(path, album, tracks)


def _tags(file: TorrentFile, style: Style, album: AlbumName) -> Tags:
    named = track_name(file.path, style)
    artist = named.artist or album.artist
    return Tags(
        title=named.title,
        artists=(artist,) if artist else (),
        album=album.album,
        albumartists=(album.artist,) if album.artist else (),
        date=album.date,
        track_no=named.track_no,
        disc_no=named.disc_no,
        length_ms=estimated_length_ms(file.path, file.size),
    )


def _album_name(whole: AlbumName, path: str) -> AlbumName:
    """Return the album of a folder; a disc's is its parent's, plus the disc."""
    below = path.split("/")[1:]
    discs: list[str] = []
    while below and (is_disc_folder(below[-1]) or says_nothing(below[-1])):
        folder = below.pop()
        discs[:0] = [folder] if is_disc_folder(folder) else []
    own = album_name(below[-1]) if below else whole
    title = " ".join([own.album, *(f"({clean(disc)})" for disc in discs)])
    # In "Artist - Discography/1999 - Album" the parent folder has the artist.
    return AlbumName(title, own.artist or whole.artist, own.date or whole.date)
