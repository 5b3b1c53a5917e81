"""The state of streaming, as values for JSON. Runs on our event loop."""

from __future__ import annotations

import importlib.metadata

from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.planning.eviction import CacheWishes
from mopidy_vozduxan.planning.room import Room
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.stream import Stream

Row = dict[str, object]


def streams(manager: Manager) -> list[Row]:
    """Return every stream, in the order of play; amounts are in bytes."""
    holder = manager.streams.holders.buckets.holder
    return [_stream(s, holder(s.token)) for s in manager.streams.in_turn()]


def _stream(stream: Stream, bucket: str | None) -> Row:
    size, held, ahead = stream.amounts()
    return {
        "token": stream.token,
        "infohash": stream.swarm.infohash,
        "fileIdx": stream.file.index,
        "name": stream.name,
        "bucket": bucket,
        "background": stream.background,
        "size": size,
        "heldBytes": held,
        "bufferedBytes": ahead,
        "downloadRate": stream.swarm.statistics.download_rate,
        "numPeers": stream.swarm.statistics.num_peers,
        "readers": len(stream.readers),
    }


def swarms(manager: Manager) -> list[Row]:
    """Return every swarm we are in; rates are in bytes/s."""
    return [
        {
            "infohash": swarm.infohash,
            "name": swarm.name,
            "known": swarm.metainfo is not None,
            "numPeers": swarm.statistics.num_peers,
            "numSeeds": swarm.statistics.num_seeds,
            "downloadRate": swarm.statistics.download_rate,
            "uploadRate": swarm.statistics.upload_rate,
            "private": swarm.metainfo is not None and swarm.metainfo.private,
            "trackers": [
                {"host": host, "trouble": trouble}
                for host, trouble in swarm.trackers.items()
            ],
            "diskTrouble": swarm.disk_trouble or None,
        }
        for swarm in manager.swarms.all()
    ]


def cache(disk: DiskStore, wishes: CacheWishes, room: Room) -> Row:
    """Return what the cache may take, in bytes; blocks.

    ``fetches`` says what there is room for.
    """
    try:
        limits = wishes.on(disk.space().size)
    except StorageFailed:
        limits = wishes.on(0)
    return {
        "limitBytes": limits.most,
        "minFreeBytes": limits.min_free,
        "fetches": room.name.lower(),
    }


def versions() -> Row:
    """Return the versions of the programs involved."""
    packages = {"Mopidy-Vozduxan": "vozduxan", "Mopidy": "mopidy"}
    found: Row = {
        name: importlib.metadata.version(package) for package, name in packages.items()
    }
    try:
        found["libtorrent"] = importlib.metadata.version("libtorrent")
    except importlib.metadata.PackageNotFoundError:
        found["libtorrent"] = None
    return found
