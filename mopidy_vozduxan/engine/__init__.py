"""The torrent engine behind its seam: the only folder that imports libtorrent."""
