"""Ways in: how torrents get into the catalog, and leave it with their files."""
