"""Chooses the pictures of a torrent that are covers of its folders: pure.

Names, places and sizes decide; no picture is opened here. A picture may turn out
to be unusable later, so every folder has a few candidates, the best first.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mopidy_vozduxan.audio.formats import extension
from mopidy_vozduxan.naming.audio_folders import numbered_folders
from mopidy_vozduxan.naming.names import (
    disc_of_folder,
    folded,
    natural_path_key,
)
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile

#: A larger file is a scan for printing, not a cover, and is never fetched.
MAX_PICTURE_BYTES = 10_000_000
PICTURES = frozenset("jpg jpeg jpe jfif png webp gif".split())

#: A cover for a screen has 20 to 500 kB. A larger file costs the swarm and the
#: listener time, a smaller one is a thumbnail. Both are last resorts.
_SENSIBLE = range(5_000, 3_000_000)
_TINIEST = 100
#: Candidates per folder, in case some are refused.
_KEPT = 3
#: How many levels above a track's folder, and below it, are searched for pictures.
_LEVELS = 3

_NAMES = frozenset("cover front folder".split())
_RELATED = frozenset("albumart album art artwork sleeve jacket large".split())
_THUMBNAIL = frozenset("small thumb thumbnail tiny mini".split())
_BACK = frozenset("back rear backside backcover".split())
#: These do not show the front of the album, unless they say so.
_BESIDES = frozenset(
    "cd disc disk dvd lp vinyl side media medium artist band logo".split()
)
_NEVER = frozenset(
    "inlay inlays inside inner insert booklet book page pages tray matrix obi spine"
    " label labels sticker runout poster spectrogram spectrograms spectrum spectral"
    " spectrals spek waveform log dr".split()
)
_ART_FOLDERS = frozenset(
    "art artwork artworks scan scans cover covers image images img pic pics picture"
    " pictures booklet folder jpg jpeg png graphics".split()
)
#: Words that may come with those: "Scans (600 dpi)", "Front & back covers".
_WITH_ART = frozenset("dpi hq high res and front back full cd album".split())
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # AlbumArtSmall


@dataclass(frozen=True, slots=True)
class Choice:
    """File indexes, the best first: ``named`` ones are covers, ``others`` may be."""

    named: tuple[int, ...] = ()
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TorrentCovers:
    """The covers of a torrent's folders, numbered as in its layout.

    ``tracks`` are the file indexes of each folder's tracks; ``whole`` is the choice
    for the torrent itself.
    """

    infohash: str
    folders: tuple[Choice, ...]
    tracks: tuple[tuple[int, ...], ...]
    whole: Choice
    _folder_of: Mapping[int, int]

    def folder_of(self, index: int) -> int | None:
        """Return the number of a track's folder; None if the file is not a track."""
        return self._folder_of.get(index)


def covers_of(metainfo: Metainfo) -> TorrentCovers:
    """Return the candidates for the cover of each folder of a torrent."""
    with_audio = numbered_folders(metainfo)
    paths = [path for path, _ in with_audio]
    below = Counter(above for path in paths for above in _with_parents(path))
    found = _by_owner(metainfo.files, below)
    folders = tuple(_chosen(found, _album_of(path, below)) for path in paths)
    root = paths[0].partition("/")[0] if paths else ""
    whole = _chosen(found, [root])
    return TorrentCovers(
        metainfo.infohash,
        folders,
        tuple(tuple(file.index for file in files) for _, files in with_audio),
        whole if whole.named or not folders else folders[0],
        {f.index: n for n, (_, files) in enumerate(with_audio) for f in files},
    )


def is_picture(file: TorrentFile) -> bool:
    """Whether a file of a torrent may be fetched as a picture."""
    small = _TINIEST <= file.size <= MAX_PICTURE_BYTES
    return small and not file.padding and extension(file.path) in PICTURES


# A folder owns the pictures in it and in the art folders below it. A rank sorts the
# best first; its first part is true if the name does not say that it is a cover.
_Rank = tuple[bool, int, bool, int, tuple[str, ...]]
_Owned = Mapping[str, list[tuple[_Rank, int]]]


def _by_owner(files: Iterable[TorrentFile], with_audio: Counter[str]) -> _Owned:
    pictures: dict[str, list[tuple[TorrentFile, bool]]] = defaultdict(list)
    for file in files:
        if is_picture(file) and not file.path.rpartition("/")[2].startswith("._"):
            owner, in_art = _owner(file.path.rpartition("/")[0], with_audio)
            pictures[owner].append((file, in_art))
    return {owner: _ranked(owner, owned) for owner, owned in pictures.items()}


def _owner(folder: str, with_audio: Counter[str]) -> tuple[str, bool]:
    """Return the owner of a picture's folder, and whether that is an art folder."""
    owner, in_art = folder, False
    for above in _with_parents(folder)[:_LEVELS]:
        parent, slash, name = above.rpartition("/")
        if above in with_audio or not slash:
            break
        words = _words(name)
        if words & _ART_FOLDERS and words <= _ART_FOLDERS | _WITH_ART:
            owner, in_art = parent, True
    return owner, in_art


def _ranked(
    owner: str, pictures: list[tuple[TorrentFile, bool]]
) -> list[tuple[_Rank, int]]:
    """Return the best pictures that a folder owns."""
    album = [_words(part) for part in (owner.rpartition("/")[2], owner.split("/")[0])]
    ranks = []
    for file, in_art in pictures:
        name = _name_rank(file.path.rpartition("/")[2], album)
        if name is None:
            continue
        key = natural_path_key(file.path)
        ranks.append(((name > 2, _size_rank(file.size), in_art, name, key), file.index))
    # A single picture beside the tracks is the cover, whatever its name; with several
    # nobody knows. Art folders are ordered, with the front first.
    loose = [rank for rank, _ in ranks if rank[0] and not rank[2]]
    sure = [r for r in ranks if not r[0][0] or r[0][2] or len(loose) == 1]
    named = sorted(rank for rank in sure if not rank[0][0])[:_KEPT]
    return named + sorted(rank for rank in sure if rank[0][0])[:_KEPT]


def _name_rank(name: str, album: list[frozenset[str]]) -> int | None:
    """Return 0 for ``cover.jpg`` to 2 for ``<album>.jpg``, 3 for any picture.

    None means that it shows something else: a back, disc, booklet or spectrum.
    """
    words = _words(name.rpartition(".")[0])
    of_album = [title for title in album if title and title <= words]
    rest = words.difference(*of_album) - _RELATED
    if rest & _NEVER or (rest & _BACK and "front" not in rest):
        return None
    if rest & _BESIDES and not rest & _NAMES:
        return None
    if rest & _THUMBNAIL:
        return 2
    if rest and rest <= _NAMES:
        return 0 if words <= _NAMES else 1
    if rest & _NAMES or (not rest and words & _RELATED) or words >= {"album", "art"}:
        return 1
    return 2 if of_album and not rest else 3


def _size_rank(size: int) -> int:
    if size in _SENSIBLE:
        return 0
    return 2 if size < _SENSIBLE.start else 1


def _album_of(path: str, below: Counter[str]) -> list[str]:
    """Return the folders whose pictures may be a folder's cover, the nearest first.

    A disc shares its parent's pictures. So does a folder whose parent has no tracks
    anywhere else.
    """
    folders = [path]
    for parent in _with_parents(path)[1:_LEVELS]:
        disc = disc_of_folder(folders[-1].rpartition("/")[2]) is not None
        if not disc and below[parent] > below[folders[-1]]:
            break
        folders.append(parent)
    return folders


def _chosen(found: _Owned, folders: Iterable[str]) -> Choice:
    ranked = [
        ((rank[:2], place, rank[2:]), index)
        for place, folder in enumerate(folders)
        for rank, index in found.get(folder, ())
    ]
    ranked.sort()
    named = [index for (rank, *_), index in ranked if not rank[0]]
    others = [index for (rank, *_), index in ranked if rank[0]]
    return Choice(tuple(named[:_KEPT]), tuple(others[:_KEPT]))


def _with_parents(path: str) -> list[str]:
    """Return a folder and a few of its parents, the innermost first."""
    found = [path]
    while "/" in path and len(found) <= _LEVELS:
        path = path.rpartition("/")[0]
        found.append(path)
    return found


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(folded(_HUMP.sub(" ", text))))
