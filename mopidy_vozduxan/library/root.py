"""The directory that Mopidy asks for before anything else of ours is loaded."""

from __future__ import annotations

from mopidy.models import Ref

from mopidy_vozduxan.torrent.uris import RootUri


def root_ref() -> Ref:
    """Return our root directory in Mopidy's library."""
    return Ref.directory(uri=str(RootUri()), name="Torrents")
