"""Audio formats: how each is recognised, its timeline, and what it needs."""
