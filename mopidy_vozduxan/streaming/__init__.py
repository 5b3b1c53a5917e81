"""Streams, their swarms, and the manager that owns them: which piece, when, to whom."""
