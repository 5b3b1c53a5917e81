"""Vacates Mopidy's queue: takes a torrent that is being removed out of it, in order.

Core does not recover from a stream that ends under it: it goes on "playing" at 0:00. So
playback first skips to the next track of another torrent, or stops. Then the entries
leave the tracklist: played later, they would fetch again what the listener has just
removed.

Runs in the frontend's actor, and may wait for core.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence, Set
from typing import Any

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.planning.following.leaving import Leaving, leaving
from mopidy_vozduxan.playback.player import Player
from mopidy_vozduxan.torrent.uris import AddUri, MagnetUri, parse

logger = logging.getLogger(__name__)

#: At worst one shuffle in three works; 40 in a row fail once in a million times.
MOST_SHUFFLES = 40


def vacate(core: Any, player: Player, starting: str | None, names: Set[str]) -> None:
    """Take the tracks of a torrent, by all its infohashes and URLs, out of the queue.

    ``starting`` is the URI of the track that should start, if there is one.
    """
    queued = core.tracklist.get_tl_tracks().get()
    entries = {entry.tlid: entry.track.uri for entry in queued}
    plan = leaving(
        entries,
        theirs={tlid for tlid, uri in entries.items() if _is_of(uri, names)},
        current=core.playback.get_current_tlid().get(),
        starting=starting,
        taken=player.latest_uri or "" if player.has(names) else None,
    )
    _try(_remove, core, plan.first)
    if plan.gives_way:
        _try(_give_way, core, plan)
    _try(_remove, core, plan.last)


def _try(step: Callable[..., None], core: Any, *args: object) -> None:
    """Take a step; if core refuses it, log that, so that the next steps follow."""
    try:
        step(core, *args)
    except Exception as exc:
        logger.warning("Vozduxan: Mopidy kept a track of a removed torrent: %r", exc)
        logger.debug("It failed here:", exc_info=True)


def _give_way(core: Any, plan: Leaving) -> None:
    if core.playback.get_state().get() == "stopped":
        return
    if plan.others:
        _shuffle_away(core, plan.last)
        core.playback.next().get()
    else:
        core.playback.stop().get()


def _shuffle_away(core: Any, last: Sequence[int]) -> None:
    """With random on, shuffle until another track comes next."""
    if not core.tracklist.get_random().get():
        return
    for _ in range(MOST_SHUFFLES):
        if core.tracklist.get_next_tlid().get() not in last:
            return
        core.tracklist.set_random(True).get()


def _remove(core: Any, tlids: Sequence[int]) -> None:
    if tlids:
        core.tracklist.remove({"tlid": list(tlids)}).get()


def _is_of(uri: str, names: Set[str]) -> bool:
    try:
        parsed = parse(uri)
        if isinstance(parsed, MagnetUri):
            return read_magnet(uri).infohash in names
        if isinstance(parsed, AddUri):
            return parsed.url in names  # a URL that led to it is one of its names
    except VozduxanError:
        return False
    return getattr(parsed, "infohash", None) in names
