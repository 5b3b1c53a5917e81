"""Says in the log what of a new torrent is not shown."""

from __future__ import annotations

import logging

from mopidy_vozduxan.audio.formats import is_playable
from mopidy_vozduxan.audio.unshown import what_is_hidden
from mopidy_vozduxan.torrent.metainfo import Metainfo

logger = logging.getLogger(__name__)


def say_what_is_silent(metainfo: Metainfo) -> None:
    """Warn of a torrent without tracks; mention large archives beside tracks."""
    hidden = what_is_hidden(metainfo.files)
    if not any(map(is_playable, metainfo.files)):
        more = f": {hidden}" if hidden else ""
        logger.warning("Vozduxan: “%s” has no audio file%s", metainfo.name, more)
    elif hidden:
        logger.info("Vozduxan: Not all of “%s” is shown: %s", metainfo.name, hidden)
