"""Where Mopidy has us keep things, and which section of its configuration is ours.

Mopidy hands these out through the extension's class, which stands above all that asks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: The extension's name: its section, its folders, its URLs.
NAME = "vozduxan"


def data_dir(config: Any) -> Path:
    """Return the folder for what must not get lost; it is made if need be."""
    return Path(_extension().get_data_dir(config))


def cache_dir(config: Any) -> Path:
    """Return the folder for what can be fetched again; it is made if need be."""
    return Path(_extension().get_cache_dir(config))


def _extension() -> Any:
    from mopidy import ext  # not at once: processes without Mopidy import this, too

    class Ours(ext.Extension):
        ext_name = NAME

    return Ours
