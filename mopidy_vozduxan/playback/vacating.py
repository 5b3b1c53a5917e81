"""Takes a torrent that is being removed out of Mopidy's queue, in order.

Core does not recover from a stream that ends under it: it goes on "playing" at
0:00. So what plays gives way first: to the next track that is not of that
torrent, or to silence. Then the entries leave the tracklist: played later they
would fetch again what the listener has just removed.

Runs in the frontend's actor, and may wait for core.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.playback.player import Player
from mopidy_vozduxan.torrent.uris import AddUri, MagnetUri, parse

#: One in three is enough at worst, as a rule; so many fail once in a million times.
MOST_SHUFFLES = 40


def vacate(core: Any, player: Player, starting: str | None, names: Set[str]) -> None:
    """Take the tracks of a torrent, by all its infohashes and URLs, out of the queue.

    ``starting`` is the URI of the track that is to sound, if there is one.
    """
    entries = core.tracklist.get_tl_tracks().get()
    theirs = [e for e in entries if _is_of(e.track.uri, names)]
    heard = core.playback.get_current_tlid().get()
    taken = player.has(names)
    # Core counts on from these, and from the top of the queue where they are gone.
    uris = {starting, player.latest_uri if taken else None}
    last = [e.tlid for e in theirs if e.tlid == heard or e.track.uri in uris]
    _remove(core, [e.tlid for e in theirs if e.tlid not in last])
    if last or taken:
        _give_way(core, last, others=len(entries) > len(theirs))
    _remove(core, last)


def _give_way(core: Any, last: Sequence[int], *, others: bool) -> None:
    if core.playback.get_state().get() == "stopped":
        return
    if others:
        _shuffle_away(core, last)
        core.playback.next().get()
    else:
        core.playback.stop().get()


def _shuffle_away(core: Any, last: Sequence[int]) -> None:
    """With random on, have something else come next; each change shuffles anew."""
    if not core.tracklist.get_random().get():
        return
    for _ in range(MOST_SHUFFLES):
        if core.tracklist.get_next_tlid().get() not in last:
            return
        core.tracklist.set_random(True).get()


def _remove(core: Any, tlids: list[int]) -> None:
    if tlids:
        core.tracklist.remove({"tlid": tlids}).get()


def _is_of(uri: str, names: Set[str]) -> bool:
    try:
        parsed = parse(uri)
        if isinstance(parsed, MagnetUri):
            return read_magnet(uri).infohash in names
        if isinstance(parsed, AddUri):
            return parsed.url in names  # a URL that led to it names it too
    except VozduxanError:
        return False
    return getattr(parsed, "infohash", None) in names
