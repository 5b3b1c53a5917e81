"""All errors of the extension: one base class, one class per cause.

The HTTP doors answer with ``code`` and ``status``. The message is one plain sentence
for people; it never holds a traceback.
"""

from __future__ import annotations


class VozduxanError(Exception):
    """The base of all our errors."""

    code = "INTERNAL"
    status = 500


class BadInput(VozduxanError):
    """The input is not a torrent, magnet link, URI or number that we accept."""

    code = "BAD_INPUT"
    status = 400


class NoSuchFile(VozduxanError):
    """The torrent has no playable file with that index."""

    code = "NO_SUCH_FILE"
    status = 404


class NoSuchTorrent(VozduxanError):
    """Neither the library nor the disk has a torrent with that infohash."""

    code = "NO_SUCH_TORRENT"
    status = 404


class NoSuchKeep(VozduxanError):
    """Nothing of that name is kept."""

    code = "NOT_KEPT"
    status = 404


class NoSuchExport(VozduxanError):
    """No export has that name, or none any more."""

    code = "NO_SUCH_EXPORT"
    status = 404


class NoSuchStream(VozduxanError):
    """No stream has that token, or none any more."""

    code = "NO_SUCH_STREAM"
    status = 404


class NoSuchPicture(VozduxanError):
    """The requested file is not a picture that we show."""

    code = "NO_SUCH_PICTURE"
    status = 404


class Cancelled(VozduxanError):
    """The wait ended early: released, superseded or cancelled."""

    code = "CANCELLED"
    status = 409


class MetadataTimeout(VozduxanError):
    """No peer gave us the torrent's metadata in time."""

    code = "METADATA_TIMEOUT"
    status = 504


class FetchFailed(VozduxanError):
    """A web server did not give us the torrent file that we asked for."""

    code = "FETCH_FAILED"
    status = 502


class Stalled(VozduxanError):
    """The swarm delivered nothing for as long as we are willing to wait."""

    code = "STALLED"
    status = 504


class WrongData(VozduxanError):
    """The data that others send does not match the torrent."""

    code = "WRONG_DATA"
    status = 502


class StorageFailed(VozduxanError):
    """The disk is full, unwritable or unreadable."""

    code = "STORAGE"
    status = 507


class SwarmFailed(VozduxanError):
    """The engine gave up on the torrent for a reason other than storage."""


class ShuttingDown(VozduxanError):
    """The server is stopping."""

    status = 503


class EngineUnavailable(VozduxanError):
    """libtorrent is missing, or too old."""
