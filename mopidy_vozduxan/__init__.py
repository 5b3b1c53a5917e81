"""The extension as Mopidy sees it: defaults, schema, self-check, registration.

Importing it imports only Mopidy, the standard library, and modules of ours that do the
same: a missing libtorrent must give a sentence, not a failed import.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
from typing import Any

from mopidy import config, ext
from mopidy.exceptions import ExtensionError

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.folders import NAME
from mopidy_vozduxan.network.setting_types import (
    ListenInterfaces,
    OneInterface,
    ProxyUrl,
    Rate,
    Trackers,
)
from mopidy_vozduxan.sizes import parse_size
from mopidy_vozduxan.torrent.uris import SCHEMES, MagnetUri, keep_of, parse
from mopidy_vozduxan.version import __version__

#: In bytes; 0 is allowed, too.
LEAST_SIZE = 1_000_000
NOT_0 = "123456789"


class Size(config.String):
    """An amount of data: ``10GB``, ``500MiB``, ``0``."""

    def __init__(self) -> None:
        super().__init__(optional=True)

    def deserialize(self, value: str) -> str | None:
        """The value unchanged, None if it is empty; ValueError if it is no size.

        One without its unit is an oversight: nobody means a cache of ten bytes.
        """
        size: str | None = super().deserialize(value)
        if size and parse_size(size) < LEAST_SIZE and not set(size).isdisjoint(NOT_0):
            raise ValueError(f"{size!r} is less than 1 MB; write for example 10GB.")
        return size


class Folder(config.Path):
    """A folder. Mopidy's own type ignores variables that it does not know."""

    def deserialize(self, value: str) -> str | None:
        """The whole path, None if it is empty; ValueError if it leads nowhere."""
        try:
            folder: str | None = super().deserialize(value)
        except RuntimeError as exc:  # Mopidy itself would not start
            raise ValueError(f"{value!r} is in no user's home; write a path.") from exc
        except ValueError:
            if not value.strip():
                raise
            folder = None
        if folder is None and value.strip():
            raise ValueError(
                f"{value!r} has a variable that Mopidy does not know; write a path."
            )
        return folder


class Days(config.Integer):
    """A number of days, or nothing."""

    def __init__(self) -> None:
        super().__init__(minimum=0, maximum=36_500, optional=True)

    def deserialize(self, value: str) -> int | None:
        """The days; ValueError with a sentence if it is no number of days."""
        try:
            days: int | None = super().deserialize(value)
        except ValueError as exc:
            raise ValueError(
                f"{value!r} is no number of days; write a whole number, or nothing."
            ) from exc
        return days


class KeepName(config.String):
    """What to keep: a URI of ours, or an infohash or a name."""

    def deserialize(self, value: str) -> str:
        """The value unchanged; ValueError with a sentence for a URI of nothing."""
        name: str = super().deserialize(value)
        if name.partition(":")[0].lower() in SCHEMES:
            try:
                uri = parse(name)
                if not isinstance(uri, MagnetUri):
                    keep_of(uri)
            except BadInput as exc:
                raise ValueError(str(exc)) from exc
        return name


class Extension(ext.Extension):
    """The entry point under ``mopidy.ext``; Mopidy makes one instance."""

    dist_name = "Mopidy-Vozduxan"
    ext_name = NAME
    version = __version__

    def get_default_config(self) -> str:
        """The text of ``ext.conf``."""
        return (pathlib.Path(__file__).parent / "ext.conf").read_text("utf-8")

    def get_config_schema(self) -> Any:
        """One type per key; timeouts are whole seconds."""
        schema = super().get_config_schema()
        schema["torrent_dirs"] = config.List(optional=True, subtype=Folder())
        schema["data_dirs"] = config.List(optional=True, subtype=Folder())
        schema["keep"] = config.List(optional=True, subtype=KeepName())
        schema["cache_dir"] = Folder(optional=True)
        schema["lookup_timeout"] = config.Integer(minimum=0, maximum=30)
        schema["metadata_timeout"] = config.Integer(minimum=1, maximum=3600)
        schema["stall_timeout"] = config.Integer(minimum=5, maximum=3600)
        schema["fast_start_timeout"] = config.Integer(minimum=1, maximum=60)
        schema["prefetch_tracks"] = config.Integer(minimum=0, maximum=2)
        schema["readahead"] = config.Integer(minimum=5, maximum=600)
        schema["queue_heads_max_size"] = config.Integer(minimum=0, maximum=10_000)
        schema["cache_max_size"] = Size()
        schema["min_free_space"] = Size()
        schema["cache_ttl"] = Days()
        schema["interface"] = OneInterface()
        schema["listen_interfaces"] = ListenInterfaces()
        schema["download_limit"] = Rate()
        schema["upload_limit"] = Rate()
        schema["connections_limit"] = config.Integer(minimum=2, maximum=65_535)
        schema["torrent_connections_limit"] = config.Integer(minimum=2, maximum=65_535)
        schema["upload_slots"] = config.Integer(minimum=1, maximum=1000)
        schema["proxy"] = ProxyUrl()
        schema["anonymous_mode"] = config.Boolean()
        schema["encryption"] = config.String(
            choices=["allowed", "preferred", "required", "off"]
        )
        schema["trackers"] = Trackers()
        schema["scan_tags"] = config.String(choices=["all", "opened", "never"])
        for switch in ("dht", "lsd", "upnp", "natpmp"):
            schema[switch] = config.Boolean()
        return schema

    def get_command(self) -> Any:
        """``mopidy vozduxan``, which manages the library."""
        from mopidy_vozduxan.cli.command import build

        return build()

    def validate_environment(self) -> None:
        """Mopidy's self-check: raises ExtensionError if something is missing."""
        from mopidy_vozduxan.engine.check import check_libtorrent
        from mopidy_vozduxan.exceptions import EngineUnavailable

        try:
            check_libtorrent()
        except EngineUnavailable as exc:
            raise ExtensionError(str(exc)) from exc
        if importlib.util.find_spec("PIL") is None:
            raise ExtensionError(
                "Pillow is missing; install Debian's python3-pil, or Pillow from PyPI."
            )

    def setup(self, registry: Any) -> None:
        """Register our classes with Mopidy, which will start them."""
        from mopidy_vozduxan.allocator import keep_little
        from mopidy_vozduxan.backend import VozduxanBackend
        from mopidy_vozduxan.frontend import VozduxanFrontend

        bypass_proxy_for_loopback()
        keep_little()
        registry.add("backend", VozduxanBackend)
        registry.add("frontend", VozduxanFrontend)
        registry.add("http:app", {"name": self.ext_name, "factory": make_app})


def make_app(config: Any, core: Any) -> Any:
    """Return the routes of our HTTP app; they answer 503 if there is no backend."""
    from mopidy_vozduxan.web.app import mopidy_app

    return mopidy_app(config, core)


def bypass_proxy_for_loopback() -> None:
    """Add 127.0.0.1 to ``no_proxy``, and keep the rest of it.

    The player reads from a port on 127.0.0.1, and must not go through a proxy. If
    ``http_proxy`` is set, two things are needed, and either alone fails (measured with
    GStreamer 1.22 and 1.26). The HTTP source's own ``proxy`` property is emptied at its
    setup. Then GLib's resolver decides, and it finds 127.0.0.1 here; setting the
    variable in the running process is enough. Some programs read the upper-case name
    and some the lower-case one, so both get the same value.
    """
    given = [os.environ.get(name, "") for name in ("no_proxy", "NO_PROXY")]
    hosts = [host.strip() for value in given for host in value.split(",")]
    merged = ",".join(dict.fromkeys(host for host in [*hosts, "127.0.0.1"] if host))
    # A lone asterisk means "everything", but not as an item of a list.
    value = "*" if "*" in hosts else merged
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = value
