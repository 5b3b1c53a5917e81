"""Replaces stand-ins in core's tracklist by real tracks.

Only the frontend's actor uses it: the actor asks core and waits; core never asks back.
Other clients may change the tracklist at any moment, so every step reads it again, and
an edit that does not fit any more is undone.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mopidy.exceptions import TracklistFull

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.following.corrections import Edit, Entry, decide
from mopidy_vozduxan.torrent.uris import AddUri, MagnetUri, TrackUri, parse, shown

if TYPE_CHECKING:
    from mopidy.models import TlTrack, Track

logger = logging.getLogger(__name__)

#: Edits are decided one by one, each on the result of the one before.
MOST_EDITS = 200
#: Others may fill the tracklist again as soon as it has room.
MOST_TRIES = 3

#: The tracks of a URI by now; ``None`` while they are unknown. Never waits.
Known = Callable[[str], "list[Track] | None"]
#: Returns the entries that must stay in place.
Held = Callable[[Sequence["TlTrack"]], set[int]]


class Tracklist:
    """Core's tracklist, of at most ``longest`` entries."""

    def __init__(self, core: Any, longest: int) -> None:
        self._tracklist = core.tracklist
        self._longest = longest
        self._continued: set[int] = set()
        self._postponed: frozenset[str] = frozenset()

    def stand_ins(self) -> list[str]:
        """Return the URIs of the entries that stand in for whole torrents."""
        uris = [tl_track.track.uri for tl_track in self._read()]
        return [uri for uri in dict.fromkeys(uris) if stands_in(uri)]

    def torrents(self) -> set[str]:
        """Return the infohashes of the torrents whose tracks are in it."""
        uris = {tl_track.track.uri for tl_track in self._read()}
        return {infohash for uri in uris if (infohash := _torrent_of(uri))}

    def correct(self, infohashes: Iterable[str], known: Known, held: Held) -> None:
        """Replace stand-ins, and the tracks of ``infohashes``.

        The order stays, and so do the playing and the selected entry.
        """
        torrents = frozenset(infohashes)
        truths: dict[str, list[Track] | None] = {}
        for _ in range(MOST_EDITS):
            tl_tracks = self._read()
            self._continued &= {tl_track.tlid for tl_track in tl_tracks}
            uris = {tl_track.track.uri for tl_track in tl_tracks} - truths.keys()
            for uri in sorted(uris):  # torrent by torrent: few are kept in memory
                concerned = self._concerns(uri, torrents)
                truths[uri] = _known(uri, known) if concerned else None
            decision = decide(
                [_entry(tl_track) for tl_track in tl_tracks],
                {uri: truth for uri, truth in truths.items() if truth is not None},
                held(tl_tracks),
                self._continued,
                _split,
            )
            self._postponed = decision.postponed
            if not decision.edits:
                return
            self._make(decision.edits[0], held)
        logger.debug("The tracklist changes too much to be corrected now")

    def _concerns(self, uri: str, torrents: frozenset[str]) -> bool:
        if stands_in(uri) or uri in self._postponed:
            return True
        return bool(torrents) and _torrent_of(uri) in torrents

    def _make(self, edit: Edit[Track], held: Held) -> None:
        before = _tlids(self._read())
        if not {edit.after, *edit.removed}.issubset(before):
            return
        if len(before) + len(edit.tracks) > self._longest:
            self._make_when_full(edit, before)
            return
        added = self._add(edit.tracks, _place(edit, before))
        now = self._read()
        if len(added) < len(edit.tracks) or not self._fits(edit, now, held):
            self._remove(added)
            return
        self._bring(added, edit, _tlids(now))
        self._remove(edit.removed)
        self._note(edit)

    def _make_when_full(self, edit: Edit[Track], before: list[int]) -> None:
        """Remove entries first, to make room for the new ones."""
        self._remove(edit.removed)
        place = before.index(edit.after) + 1 - len(edit.removed)
        added: list[int] = []
        for _ in range(MOST_TRIES):
            room = max(0, self._longest - len(self._read()))
            added = self._add(edit.tracks[:room], place)
            if added or not room:
                break
        if len(added) < len(edit.tracks):
            logger.warning("Vozduxan: The tracklist is full; some tracks are left out")
        self._note(edit)

    def _note(self, edit: Edit[Track]) -> None:
        if not edit.removed:
            self._continued.add(edit.after)

    def _fits(self, edit: Edit[Track], now: list[TlTrack], held: Held) -> bool:
        """Return whether the entries to remove are still there, and not held."""
        tlids = set(_tlids(now))
        there = tlids.issuperset((edit.after, *edit.removed))
        return there and not held(now).intersection(edit.removed)

    def _bring(self, added: Sequence[int], edit: Edit[Track], now: list[int]) -> None:
        """Move added entries to their place, if others came in between."""
        if not added or added[0] not in now:
            return
        start, place = now.index(added[0]), _place(edit, now)
        if place > start:
            place -= len(added)
        if start != place:
            with contextlib.suppress(AssertionError):  # it became shorter
                self._tracklist.move(start, start + len(added), place).get()

    # --- core

    def _read(self) -> list[TlTrack]:
        tl_tracks: list[TlTrack] = self._tracklist.get_tl_tracks().get()
        return tl_tracks

    def _add(self, tracks: Sequence[Track], position: int) -> list[int]:
        """Add all tracks, or none if there is no room; return their entries."""
        if not tracks:
            return []
        before = set(_tlids(self._read()))
        # If added by URI, core would look them up, and wait for lengths that we know.
        adding = self._tracklist.add(tracks=list(tracks), at_position=position)
        try:
            return _tlids(adding.get())
        except TracklistFull:  # somebody filled it; core stops half-way, without a word
            ours = {id(track) for track in tracks}
            self._remove(
                [
                    tl_track.tlid
                    for tl_track in self._read()
                    if tl_track.tlid not in before and id(tl_track.track) in ours
                ]
            )
            return []

    def _remove(self, tlids: Sequence[int]) -> None:
        if tlids:
            self._tracklist.remove({"tlid": list(tlids)}).get()


def stands_in(uri: str) -> bool:
    """Return whether an entry with that URI stands in for the tracks of a torrent."""
    if not uri.lower().startswith(("magnet:", "vozduxan:add:")):
        return False
    try:
        return isinstance(parse(uri), MagnetUri | AddUri)
    except VozduxanError:
        return False


def _place(edit: Edit[Track], tlids: list[int]) -> int:
    """Return where the new entries go.

    They go before the ones that they replace: one of those may start meanwhile, and the
    player may ask at once what follows it.
    """
    if not edit.removed:
        return tlids.index(edit.after) + 1
    return tlids.index(edit.removed[0])


def _torrent_of(uri: str) -> str | None:
    scheme, _, name = uri.partition(":track:")
    return name.partition(":")[0] if scheme == "vozduxan" and name else None


def _entry(tl_track: TlTrack) -> Entry[Track]:
    track = tl_track.track
    return Entry(tl_track.tlid, track.uri, track, stands_in(track.uri))


def _split(
    tracks: tuple[Track, ...],
) -> tuple[tuple[Track, ...], tuple[Track, ...]]:
    """Return the tracks of the first one's file, and the others."""
    first = _file_of(tracks[0]) if tracks else None
    heard = tuple(track for track in tracks if _file_of(track) == first)
    return heard, tuple(track for track in tracks if _file_of(track) != first)


def _file_of(track: Track) -> object:
    uri = parse(track.uri)
    return (uri.infohash, uri.index) if isinstance(uri, TrackUri) else uri


def _known(uri: str, known: Known) -> list[Track] | None:
    try:
        return known(uri)
    except VozduxanError as exc:
        logger.debug("Nothing is known of %s: %s", shown(uri), exc)
        return None


def _tlids(tl_tracks: Iterable[TlTrack]) -> list[int]:
    return [tl_track.tlid for tl_track in tl_tracks]
