"""What names say about tracks and albums, and which old encoding they use. Pure."""
