"""What is kept now: by listeners, in the catalog, and by the configuration.

The answer to :meth:`KeptFiles.holds` is a look into memory, for any thread; it is
right after :meth:`KeptFiles.look`, which reads the catalog.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import NoSuchFile, VozduxanError
from mopidy_vozduxan.keeping import which_keep
from mopidy_vozduxan.naming.files_named import files_named
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile
from mopidy_vozduxan.torrent.uris import AlbumUri, Keep

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """One torrent, album or track that is kept.

    ``files`` are empty while ``metainfo`` is unknown. ``names`` are all infohashes of
    the torrent. ``configured`` says that the configuration names it.
    """

    keep: Keep
    name: str
    names: frozenset[str]
    metainfo: Metainfo | None
    files: tuple[TorrentFile, ...]
    in_library: bool
    configured: bool

    @property
    def size(self) -> int | None:
        """The size of its files in bytes; None while it is unknown."""
        return sum(file.size for file in self.files) if self.metainfo else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is kept at one moment; ``indexes`` by every infohash of a torrent.

    None stands for a whole torrent whose files are not known yet.
    """

    kept: tuple[Kept, ...] = ()
    indexes: Mapping[str, frozenset[int] | None] = field(default_factory=dict)


class KeptFiles:
    """Keeps of ``catalog``, and those that ``named`` of the configuration mean."""

    def __init__(
        self, catalog: Catalog, disk: DiskStore, named: Sequence[str] = ()
    ) -> None:
        self._catalog = catalog
        self._disk = disk
        self._named = tuple(named)
        self._unknown: set[str] = set()  # names that were logged
        self._snapshot: Snapshot | None = None

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What is kept, the oldest first, as of the last look."""
        return self._snapshot.kept if self._snapshot else ()

    def holds(self, infohash: str, index: int) -> bool:
        """Return whether a file must stay; before the first look, every file must.

        A negative index stands for all that a torrent has on disk.
        """
        if self._snapshot is None:
            return True
        indexes = self._snapshot.indexes.get(infohash, frozenset())
        if indexes is None or index < 0:
            return indexes is None or bool(indexes)
        return index in indexes

    def torrents(self) -> Set[str]:
        """Return all infohashes of torrents of which anything is kept; blocks."""
        return {name for one in self.look() for name in one.names}

    def look(self) -> tuple[Kept, ...]:
        """Read what is kept now; blocks. Raises :class:`StorageFailed`."""
        meant = map(self._meant, self._named)
        configured = [keep for keep in meant if keep is not None]
        keeps = dict.fromkeys([*configured, *self._catalog.keeps.all()])
        kept = tuple(self._described(k, configured=k in configured) for k in keeps)
        self._snapshot = Snapshot(kept, _indexes(kept))
        return kept

    def _meant(self, text: str) -> Keep | None:
        """Return what a text of the configuration means; log once if it is unknown."""
        try:
            meant = which_keep.find(self._catalog, self._disk, text)
        except VozduxanError as exc:
            if text not in self._unknown:
                self._unknown.add(text)
                logger.warning("Vozduxan: vozduxan/keep: %s", exc)
            return None
        self._unknown.discard(text)
        return meant

    def _title_of(
        self, metainfo: Metainfo, keep: Keep, files: Sequence[TorrentFile]
    ) -> str:
        """Return a name for listeners: the torrent's, the album's or the file's."""
        if not isinstance(keep, AlbumUri):
            return files[0].path.rpartition("/")[2]
        layout = self._catalog.tracks.layout(keep.infohash)
        folders = layout.of(keep.folder) if layout and keep.folder is not None else ()
        return folders[0].album.name if folders else metainfo.name

    def _described(self, keep: Keep, *, configured: bool) -> Kept:
        torrents = self._catalog.torrents
        metainfo = torrents.metainfo(keep.infohash)
        name = keep.infohash
        files: tuple[TorrentFile, ...] = ()
        if metainfo:
            try:
                files = files_named(metainfo, keep)
                name = self._title_of(metainfo, keep, files)
            except NoSuchFile:  # kept before the metadata was known
                name = metainfo.name
        elif source := torrents.source(keep.infohash):
            name = source.display_name or keep.infohash
        return Kept(
            keep,
            name,
            torrents.names_of(keep.infohash),
            metainfo,
            files,
            torrents.has(keep.infohash),
            configured,
        )


def _indexes(kept: Sequence[Kept]) -> dict[str, frozenset[int] | None]:
    found: dict[str, frozenset[int] | None] = {}
    for one in kept:
        mine = frozenset(file.index for file in one.files)
        for name in one.names:
            others = found.get(name, frozenset())
            unknown = one.metainfo is None or others is None
            found[name] = None if unknown else mine.union(others or ())
    return found


def including(kept: Sequence[Kept], keep: Keep) -> Kept | None:
    """Return another keep that includes all files of ``keep``."""
    for one in kept:
        if one.keep.infohash == keep.infohash and one.metainfo:
            files = files_named(one.metainfo, keep)
            if set(files) <= set(one.files):
                return one
    return None
