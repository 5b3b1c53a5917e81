"""What breaks a rule today, and may until it is mended; nothing is ever added here.

One that is no longer needed fails, too.
"""

KNOWN: frozenset[str] = frozenset()
