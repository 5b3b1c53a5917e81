"""Ways in: how torrents come into the catalog, and leave it with their files."""
