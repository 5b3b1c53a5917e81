"""Parts of a running backend, for those who need a few of them."""

from __future__ import annotations

from dataclasses import fields

from mopidy_vozduxan.running import Running


def running_with(**parts: object) -> Running:
    """Return a backend that has these parts, and nothing in the others' place."""
    nothing = {field.name: None for field in fields(Running)}
    return Running(**{**nothing, **parts})
