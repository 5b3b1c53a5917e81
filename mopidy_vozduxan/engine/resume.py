"""The state that a swarm resumes from: one file per infohash, replaced atomically.

A damaged file, or one of another torrent, is ignored: what is on disk is then found
piece by piece. Nothing here touches a session.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Set
from pathlib import Path
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.bencode import bdecoded
from mopidy_vozduxan.engine.parsing import (
    name_of,
    params_of_magnet,
    params_of_torrent,
    without_surplus,
)
from mopidy_vozduxan.exceptions import BadInput, StorageFailed, VozduxanError
from mopidy_vozduxan.torrent.metainfo import TorrentSource

logger = logging.getLogger(__name__)

Address = tuple[str, int]

#: The same number as libtorrent itself saves.
MOST_PEERS = 100
_SWARM_FIELDS = ("trackers", "tracker_tiers", "url_seeds", "dht_nodes", "name")


class ResumeFiles:
    """The folder of resume files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._failing = False  # the log has said so

    def load(self, infohash: str) -> Any | None:
        """Return libtorrent's parameters from the swarm's file, or ``None``.

        Blocks, as :meth:`save` does.
        """
        path = self._path(infohash)
        try:
            fields = bdecoded(path.read_bytes())
            fields.pop(b"info", None)  # the metainfo comes from elsewhere
            params = lt.read_resume_data(lt.bencode(fields))
            if name_of(params.info_hashes) == infohash:
                return params
            reason: object = "it belongs to another torrent"
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, RuntimeError, ValueError, VozduxanError) as exc:
            reason = exc
        logger.warning(
            "Vozduxan: Ignoring the unusable resume file %s: %s", path, reason
        )
        return None

    def save(self, infohash: str, data: bytes) -> bool:
        """Write the swarm's file; readers see the old one or the new one.

        Returns whether it is written: a full disk is logged, not raised. Blocks: not
        for the event loop.
        """
        path = self._path(infohash)
        draft = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as exc:
            level = logging.DEBUG if self._failing else logging.WARNING
            logger.log(level, "Vozduxan: Cannot save %s: %s", path, exc)
            self._failing = True
            return False
        self._failing = False
        return True

    def disclaim(self, infohash: str, pieces: Set[int]) -> None:
        """Have the swarm's file claim none of ``pieces``.

        If it cannot be changed, it goes: what is on disk is found without it. Blocks.
        Raises :class:`StorageFailed`.
        """
        params = self.load(infohash)
        if params is None:
            return
        if pieces.isdisjoint(pieces_in(params).union(params.unfinished_pieces)):
            return
        without_pieces(params, pieces)
        if not self.save(infohash, bytes(lt.write_resume_data_buf(params))):
            try:
                self._path(infohash).unlink(missing_ok=True)
            except OSError as exc:
                raise StorageFailed(f"Cannot delete resume data: {exc}.") from exc

    def _path(self, infohash: str) -> Path:
        return self._folder / f"{infohash}.resume"


def resumed_params(fresh: Any, resumed: Any | None) -> Any:
    """Return the ``add_torrent_params`` of a source, with its saved state.

    Trackers and web seeds come from the source; held pieces and known peers come from
    the resume data. If the source is a bare infohash, as in a playlist whose torrent
    has left the catalog, everything comes from the resume data.
    """
    if resumed is None:
        return fresh
    resumed.ti = fresh.ti
    if fresh.ti is not None or fresh.trackers or fresh.url_seeds:
        for field in _SWARM_FIELDS:
            setattr(resumed, field, getattr(fresh, field))
    resumed.peers = _united(fresh.peers, resumed.peers)
    if fresh.ti is not None and fresh.ti.priv():
        # Saved ones may come from the DHT, from before we knew that it is private.
        resumed.peers = fresh.peers
    resumed.flags = fresh.flags
    resumed.file_priorities = []
    resumed.download_limit = resumed.upload_limit = -1
    return without_surplus(resumed)


def pieces_in(params: Any) -> set[int]:
    """Return the pieces that are held, by libtorrent's parameters."""
    return {piece for piece, there in enumerate(params.have_pieces) if there}


def with_pieces(params: Any, pieces: Set[int]) -> None:
    """Add pieces that are on disk, although libtorrent does not know."""
    if pieces:
        there = enumerate(params.have_pieces)
        params.have_pieces = [held or piece in pieces for piece, held in there]
        half = params.unfinished_pieces
        params.unfinished_pieces = {p: half[p] for p in half if p not in pieces}


def without_check(params: Any) -> None:
    """Keep libtorrent from reading the files of a torrent of which too little is saved.

    It reads them all if nothing is known of their pieces, and the rest if the list is
    too short (2.0.8, 2.1.1). The flag is for when their number is not known. It makes
    libtorrent ignore saved v2 hashes, too.
    """
    if params.ti is None:
        if not params.have_pieces:
            params.flags |= lt.torrent_flags.no_verify_files
        return
    held = pieces_in(params)
    params.have_pieces = [piece in held for piece in range(params.ti.num_pieces())]


def without_pieces(params: Any, pieces: Set[int]) -> None:
    """Leave pieces out of what is held, and out of what is half fetched."""
    there = enumerate(params.have_pieces)
    params.have_pieces = [held and piece not in pieces for piece, held in there]
    half = params.unfinished_pieces
    params.unfinished_pieces = {p: half[p] for p in half if p not in pieces}


def with_peers(params: Any, known: Iterable[Address]) -> list[Address]:
    """Add earlier peers to the ones to save; return all of them.

    libtorrent omits peers that hung up on us, as all seeds do in the end.
    """
    params.peers = _united(params.peers, known)[:MOST_PEERS]
    return list(params.peers)


def params_of(source: TorrentSource) -> Any:
    """Return ``add_torrent_params`` for a source. Raises :class:`BadInput`."""
    if source.torrent is not None:
        return _with_magnet(params_of_torrent(source.torrent), source.magnet)
    if source.magnet is not None:
        return params_of_magnet(source.magnet)
    raise BadInput("The torrent source has neither a torrent nor a magnet link")


def _with_magnet(params: Any, magnet: str | None) -> Any:
    """Add the trackers, web seeds and peers of a magnet link, unless it is private.

    A private torrent has its own trackers, and nobody else may learn about it.
    """
    if magnet is None or params.ti.priv():
        return params
    more = params_of_magnet(magnet)
    new = [url for url in more.trackers if url not in params.trackers]
    if new:
        tiers = list(params.tracker_tiers)
        tiers += [0] * (len(params.trackers) - len(tiers))  # libtorrent's default
        params.tracker_tiers = tiers + [max(tiers, default=-1) + 1] * len(new)
        params.trackers = [*params.trackers, *new]
    params.url_seeds = _united(params.url_seeds, more.url_seeds)
    params.peers = _united(params.peers, more.peers)
    return params


def _united(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys([*first, *second]))
