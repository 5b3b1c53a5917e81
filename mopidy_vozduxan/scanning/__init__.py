"""Tags and lengths, CUE sheets and playlists, read from swarms in the background."""
