"""Which way our traffic may leave the machine, and whether that way is there."""
