"""Files that the player cannot get as they are, and what it gets instead."""
