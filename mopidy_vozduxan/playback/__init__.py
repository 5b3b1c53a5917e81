"""What core asks of us to play a track, and how we follow what it plays."""
