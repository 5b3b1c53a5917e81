"""Takes a torrent that is being removed out of Mopidy's queue, in order.

Core does not recover from a stream that ends under it: it goes on "playing" at
0:00. So what plays gives way first: to the next track that is not of that
torrent, or to silence. Then the entries leave the tracklist: played later they
would bring back the torrent that the listener has just removed.

Runs in the frontend's actor, and may wait for core.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from mopidy_vozduxan.engine.metainfo import read_magnet
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.player import Player
from mopidy_vozduxan.uris import AddUri, MagnetUri, parse


def vacate(core: Any, player: Player, starting: str | None, names: Set[str]) -> None:
    """Take the tracks of a torrent, by all its infohashes and URLs, out of the queue.

    ``starting`` is the URI of the track that is to sound, if there is one.
    """
    entries = core.tracklist.get_tl_tracks().get()
    theirs = [e for e in entries if _is_of(e.track.uri, names)]
    heard = core.playback.get_current_tlid().get()
    last = [e.tlid for e in theirs if e.tlid == heard or e.track.uri == starting]
    _remove(core, [e.tlid for e in theirs if e.tlid not in last])
    if last or player.has(names):
        _give_way(core, others=len(entries) > len(theirs))
    _remove(core, last)


def _give_way(core: Any, *, others: bool) -> None:
    if core.playback.get_state().get() == "stopped":
        return
    if others:
        core.playback.next().get()
    else:
        core.playback.stop().get()


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
    if isinstance(parsed, AddUri):
        return parsed.url in names
    return getattr(parsed, "infohash", None) in names
