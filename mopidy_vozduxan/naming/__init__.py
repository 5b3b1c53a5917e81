"""What names say: of tracks and albums, in which old encoding. Pure."""
