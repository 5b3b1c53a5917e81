"""Our record of torrents, their tracks and their tags, in one SQLite file."""

from mopidy_vozduxan.catalog.catalog import Catalog
from mopidy_vozduxan.catalog.found_rows import FoundAt
from mopidy_vozduxan.catalog.torrent_rows import TorrentSummary

__all__ = ["Catalog", "FoundAt", "TorrentSummary"]
