"""Our record of torrents, their tracks and their tags, in one SQLite file."""

from mopidy_vozduxan.catalog.catalog import Catalog
from mopidy_vozduxan.catalog.torrent_rows import FoundAt, TorrentSummary

__all__ = ["Catalog", "FoundAt", "TorrentSummary"]
