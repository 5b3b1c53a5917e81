"""What Mopidy browses, looks up and searches, and the playlists."""
