"""What a swarm resumes from: one file per infohash, replaced in one step.

A damaged file, or one of another torrent, is as good as none: libtorrent then
checks what lies on disk. Nothing here touches a session.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.metainfo import (
    name_of,
    params_of_magnet,
    params_of_torrent,
)
from mopidy_vozduxan.engine.protocol import TorrentSource
from mopidy_vozduxan.exceptions import BadInput, VozduxanError

logger = logging.getLogger(__name__)

Address = tuple[str, int]

#: As many as libtorrent itself would save.
MOST_PEERS = 100
_SWARM_FIELDS = ("trackers", "tracker_tiers", "url_seeds", "dht_nodes", "name")


class ResumeFiles:
    """The folder of resume files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, infohash: str) -> Any | None:
        """Return libtorrent's parameters from the swarm's file, or ``None``."""
        path = self._path(infohash)
        try:
            params = lt.read_resume_data(path.read_bytes())
            if name_of(params.info_hashes) == infohash:
                return params
            reason: object = "it belongs to another torrent"
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, ValueError, VozduxanError) as exc:
            reason = exc
        logger.warning(
            "Vozduxan: Ignoring %s, which cannot be resumed from: %s", path, reason
        )
        return None

    def save(self, infohash: str, data: bytes) -> None:
        """Write the swarm's file; a reader sees the old one or the new one.

        Blocks: not for the event loop. A full disk is logged, not raised.
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
            logger.warning("Vozduxan: Could not save %s: %s", path, exc)

    def _path(self, infohash: str) -> Path:
        return self._folder / f"{infohash}.resume"


def params_of(source: TorrentSource, resumed: Any | None) -> Any:
    """Return ``add_torrent_params`` for a source, with what was saved of it.

    Trackers and web seeds are those of the source; the pieces held and the
    peers met come from the resume data. Where the source is a bare infohash, as
    in a playlist whose torrent has left the catalog, all of it comes from there.
    Raises :class:`BadInput`.
    """
    fresh = _params_of_source(source)
    if resumed is None:
        return fresh
    resumed.ti = fresh.ti
    if fresh.ti is not None or fresh.trackers or fresh.url_seeds:
        for field in _SWARM_FIELDS:
            setattr(resumed, field, getattr(fresh, field))
    resumed.peers = _united(fresh.peers, resumed.peers)
    resumed.flags = fresh.flags
    resumed.file_priorities = []
    resumed.download_limit = resumed.upload_limit = -1
    return resumed


def with_peers(params: Any, known: Iterable[Address]) -> list[Address]:
    """Add peers known from before to what will be saved; return all of them.

    libtorrent leaves out those that hung up on us, as all seeds do in the end.
    """
    params.peers = _united(params.peers, known)[:MOST_PEERS]
    return list(params.peers)


def _params_of_source(source: TorrentSource) -> Any:
    if source.torrent is not None:
        return _with_magnet(params_of_torrent(source.torrent), source.magnet)
    if source.magnet is not None:
        return params_of_magnet(source.magnet)
    raise BadInput("The torrent source has neither a torrent nor a magnet link")


def _with_magnet(params: Any, magnet: str | None) -> Any:
    """Add the trackers, web seeds and peers of a magnet link, if it may be asked.

    A private torrent knows its own trackers, and nobody else is to know it.
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
