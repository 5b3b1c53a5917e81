"""An engine whose swarms deliver when the test says so."""

from __future__ import annotations

from mopidy_vozduxan.engine.protocol import (
    MetadataReceived,
    PieceFinished,
    PieceRead,
    PiecesHeld,
    PieceUnreadable,
    Statistics,
    StatisticsChanged,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource

INFOHASH = "ab" * 20
PIECE = 100


def album(tracks=3, size=950, piece_length=PIECE, infohash=INFOHASH):
    """Metainfo of an album whose tracks share pieces."""
    files = tuple(
        TorrentFile(i, f"Album/{i + 1:02} - Track.flac", i * size, size)
        for i in range(tracks)
    )
    return Metainfo(infohash, "Album", piece_length, tracks * size, files)


def source_of(metainfo):
    """A source that is told apart by its infohash only."""
    return TorrentSource(metainfo.infohash, torrent=b"", display_name=metainfo.name)


def payload(metainfo):
    """The bytes of the torrent: every test compares with these."""
    return bytes((i * 7 + i // 251) % 256 for i in range(metainfo.size))


class FakeEngine:
    """Implements the engine's protocol; ``wants`` is what was asked of it."""

    def __init__(self, *metainfos):
        self.metainfos = {m.infohash: m for m in metainfos}
        self.wants: dict[str, dict[int, Urgency]] = {}
        self.due: dict[str, set[int]] = {}
        self.added: list[str] = []
        self.sources: list[TorrentSource] = []
        self.removed: list[str] = []
        self.links: list[str] = []  # of swarms that were there already
        self.deleted: list[str] = []
        self.evicted: list[tuple[str, set[int], set[int]]] = []
        self.reconnected: list[str] = []
        self.met: list[str] = []
        self.unreadable: set[int] = set()
        self.reads: list[int] = []
        self.waiting = False
        self.yields = False
        self.closed = False
        self.on_event = None
        self.loop = None

    def start(self, loop, on_event):
        self.loop, self.on_event = loop, on_event

    def add(self, source, plan):
        if self.added.count(source.infohash) > self.removed.count(source.infohash):
            self.links.append(source.magnet)
            return
        self.added.append(source.infohash)
        self.sources.append(source)
        urgencies = plan.urgencies if plan else b""
        self.wants[source.infohash] = {p: Urgency(u) for p, u in enumerate(urgencies)}
        self.due[source.infohash] = set(plan.hurried) if plan else set()

    def apply(self, infohash, changes):
        if changes.unhurried:
            self.due[infohash].clear()
        self.wants[infohash].update(changes.urgencies)
        self.due[infohash].update(changes.hurried)

    def read_piece(self, infohash, piece):
        self.reads.append(piece)
        self.loop.call_soon(self._answer, infohash, piece)

    def _answer(self, infohash, piece):
        if piece in self.unreadable:
            self.on_event(PieceUnreadable(infohash, piece, "no luck"))
            return
        metainfo = self.metainfos[infohash]
        start = piece * metainfo.piece_length
        data = payload(metainfo)[start : start + metainfo.piece_length]
        self.on_event(PieceRead(infohash, piece, data))

    def watch(self, infohashes, *, waiting):
        self.waiting = waiting

    def limit(self, limits):
        self.limits = limits

    def yield_uploads(self, on):
        self.yields = on

    def reconnect(self, infohash):
        self.reconnected.append(infohash)

    def meet(self, infohash):
        self.met.append(infohash)

    def remove(self, infohash, *, delete_data=False):
        self.removed.append(infohash)
        if delete_data:
            self.deleted.append(infohash)
        left = self.loop.create_future()
        left.set_result(None)
        return left

    def evict(self, source, files, spared):
        self.evicted.append((source.infohash, set(files), set(spared)))
        return self.remove(source.infohash)

    async def close(self):
        self.closed = True

    # --- what the test makes happen

    def give(self, *pieces, infohash=INFOHASH):
        for piece in pieces:
            self.on_event(PieceFinished(infohash, piece))

    def hold(self, *pieces, infohash=INFOHASH):
        self.on_event(PiecesHeld(infohash, frozenset(pieces)))

    def tell_metadata(self, infohash=INFOHASH):
        event = MetadataReceived(infohash, self.metainfos[infohash], b"")
        self.on_event(event)

    def progress(self, payload, infohash=INFOHASH):
        self.on_event(StatisticsChanged(infohash, Statistics(payload=payload)))

    def wanted(self, urgency=None, infohash=INFOHASH):
        wants = self.wants[infohash]
        return [
            p
            for p, u in wants.items()
            if (u == urgency if urgency else u > Urgency.ANCHOR)
        ]
