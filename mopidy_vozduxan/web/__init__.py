"""What we serve over HTTP, on Mopidy's own server and on the player's door."""
