"""What a torrent is: plain values, without libtorrent."""
