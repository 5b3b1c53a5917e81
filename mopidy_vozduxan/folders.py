"""Our folders in Mopidy, and our section of its configuration.

Mopidy provides these through the extension's class, which is above all their users.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: The extension's name: its section, its folders, its URLs.
NAME = "vozduxan"


def data_dir(config: Any) -> Path:
    """Return the folder for data that must not get lost; makes it if necessary."""
    return Path(_extension().get_data_dir(config))


def cache_dir(config: Any) -> Path:
    """Return the folder for data that can be fetched again; makes it if necessary."""
    return Path(_extension().get_cache_dir(config))


def _extension() -> Any:
    from mopidy import ext  # imported here, because processes without Mopidy use this

    class Ours(ext.Extension):
        ext_name = NAME

    return Ours
