"""Covers: which picture belongs to what, fetching it, checking it, keeping it."""
