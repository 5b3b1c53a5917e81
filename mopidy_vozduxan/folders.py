"""Our folders in Mopidy, and our section of its configuration.

Mopidy provides these through the extension's class, which is above all their users. A
folder that cannot be made now is named all the same: its disk may come back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The extension's name: its section, its folders, its URLs.
NAME = "vozduxan"


def data_dir(config: Any) -> Path:
    """Return the folder for data that must not get lost; makes it if it can."""
    return _made(_extension().get_data_dir, config, "data_dir")


def cache_dir(config: Any) -> Path:
    """Return the folder for data that can be fetched again; makes it if it can."""
    if own := config[NAME].get("cache_dir"):
        folder = Path(own)
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
    return _made(_extension().get_cache_dir, config, "cache_dir")


def resume_dir(config: Any) -> Path:
    """Return the folder for what is known of the fetched data: on the same disk.

    Mopidy's cache may be emptied, so it is with the data there; not in a folder that
    listeners chose, which may be in memory.
    """
    own = config[NAME].get("cache_dir")
    return (cache_dir(config) if own else data_dir(config)) / "resume"


def _made(get: Callable[[Any], Path], config: Any, key: str) -> Path:
    try:
        return Path(get(config))
    except OSError:
        return Path(config["core"][key]).expanduser() / NAME


def _extension() -> Any:
    from mopidy import ext  # imported here, because processes without Mopidy use this

    class Ours(ext.Extension):
        ext_name = NAME

    return Ours
