"""Files that the player cannot be given as they are, and what it gets instead."""
