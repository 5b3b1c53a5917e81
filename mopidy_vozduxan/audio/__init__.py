"""Audio formats: how to recognise each, its timeline, and what it needs."""
