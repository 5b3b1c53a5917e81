"""Covers: choosing, fetching, checking and keeping pictures."""
