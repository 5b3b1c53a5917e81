"""The eight streaming commands, with the original player's names and arguments.

Lives on our event loop. Checks its arguments, asks the manager, and answers with
values for JSON; decides nothing, and keeps nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from mopidy_vozduxan.audio.formats import content_type
from mopidy_vozduxan.audio.unshown import why_not_shown
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.commands import arguments
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.target import Target, Wanted
from mopidy_vozduxan.torrent.metainfo import Metainfo, ReadTorrent, TorrentSource

Result = dict[str, object] | list[dict[str, object]]


class Commands:
    """The commands for one client; ``url_for`` turns a token into a URL.

    ``player_lost`` is called with the tokens that commands took away from Mopidy's
    own player. Every method may raise :class:`BadInput`, and what its docstring
    names.
    """

    def __init__(
        self,
        manager: Manager,
        catalog: Catalog,
        read_torrent: ReadTorrent,
        player_lost: Callable[[str], None],
        url_for: Callable[[str], str],
    ) -> None:
        self._manager = manager
        self._catalog = catalog
        self._read_torrent = read_torrent
        self._player_lost = player_lost
        self._url_for = url_for

    async def run(self, command: str, given: Mapping[str, object]) -> Result:
        """Run one of :data:`COMMANDS` with arguments from JSON."""
        method = COMMANDS[command]
        arguments.check_for(method, given)
        return await method(self, **given)

    async def torrent_prepare_stream(
        self,
        magnet: object = None,
        fileIdx: object = None,
        torrentFileB64: object = None,
    ) -> Result:
        """Make a file the current stream; answer when it can be read.

        Raises what :meth:`Preparing.prepare` does.
        """
        names = "magnet", "fileIdx", "torrentFileB64"
        wanted = self._wanted(names, magnet, fileIdx, torrentFileB64)
        return self._stream(await self._manager.prepare(wanted))

    async def torrent_release_stream(self, token: object = None) -> Result:
        """End a stream. An unknown token is not an error."""
        name = arguments.token("token", token)
        with self._taking_from_player():
            self._manager.release(name)
        return {}

    async def torrent_dispose_preview(self) -> Result:
        """End all streams, and leave the swarms that nobody needs any more."""
        with self._taking_from_player():
            self._manager.dispose()
        return {}

    async def torrent_prepare_cancel(self) -> Result:
        """End the running prepare, if there is one."""
        self._manager.cancel_prepare()
        return {}

    async def torrent_prefetch_next_track(
        self,
        currentMagnet: object = None,
        currentFileIdx: object = None,
        nextMagnet: object = None,
        nextFileIdx: object = None,
        nextTorrentFileB64: object = None,
        warmOnly: object = False,
    ) -> Result:
        """Fetch the next track ahead, or with ``warmOnly`` the one after it.

        The two arguments about the current track are accepted, but not used.
        """
        names = "nextMagnet", "nextFileIdx", "nextTorrentFileB64"
        wanted = self._wanted(names, nextMagnet, nextFileIdx, nextTorrentFileB64)
        bucket = "warm" if arguments.flag("warmOnly", warmOnly) else "prefetch"
        return self._stream(await self._manager.prefetch(wanted, bucket))

    async def vozduxan_notify_position(
        self, token: object = None, byteOffset: object = None
    ) -> Result:
        """Move the window: that byte sounds now. Raises :class:`NoSuchStream`."""
        name = arguments.token("token", token)
        offset = arguments.number("byteOffset", byteOffset)
        self._manager.notify_position(name, offset)
        return {}

    async def vozduxan_stream_stats(self, token: object = None) -> Result:
        """Return a stream's last known numbers. Raises :class:`NoSuchStream`.

        Rates are in bytes/s, amounts in bytes. ``bufferedBytes`` are here without a
        gap from the playhead on; ``size`` is null without metadata.
        """
        name = arguments.token("token", token)
        swarm = self._manager.statistics(name)
        size, held, buffered = self._manager.streams.named(name).amounts()
        return {
            "downloadRate": swarm.download_rate,
            "numPeers": swarm.num_peers,
            "uploadRate": swarm.upload_rate,
            "numSeeds": swarm.num_seeds,
            "size": size,
            "heldBytes": held,
            "bufferedBytes": buffered,
        }

    async def torrent_magnet_list_files(self, magnet: object = None) -> Result:
        """Return a torrent's files; fetches none of their data.

        Raises :class:`MetadataTimeout`.
        """
        uri = arguments.text("magnet", magnet)
        if uri is None:
            raise BadInput("magnet is missing.")
        source, metainfo = await self._catalog.on_loop.run(self._known, uri)
        metainfo = metainfo or await self._manager.list_files(source)
        return described(metainfo)

    def _stream(self, token: str) -> Result:
        return {"url": self._url_for(token), "token": token}

    @contextmanager
    def _taking_from_player(self) -> Iterator[None]:
        before = self._manager.streams.players()
        yield
        for token in before - self._manager.streams.players():
            self._player_lost(token)

    # --- which file is meant

    def _wanted(
        self, names: tuple[str, str, str], magnet: object, index: object, b64: object
    ) -> Wanted:
        """Return how to find a file; only cheap checks happen here."""
        uri, encoded = arguments.text(names[0], magnet), arguments.text(names[2], b64)
        number = arguments.number(names[1], index)
        if uri is None and encoded is None:
            raise BadInput(f"Neither {names[0]} nor {names[2]} is given.")
        find = partial(self._find, names[2], uri, encoded, number)
        # On a thread, because it decodes, parses and reads the catalog.
        return lambda: asyncio.to_thread(find)

    def _find(
        self, name: str, magnet: str | None, encoded: str | None, index: int
    ) -> Target:
        if encoded is None:
            return Target(*self._known(magnet or ""), index)
        torrent = arguments.decoded(name, encoded)
        return Target(*self._read_torrent(torrent, magnet), index)

    def _known(self, magnet: str) -> tuple[TorrentSource, Metainfo | None]:
        """Return the source that a magnet link names, and what the catalog knows."""
        source = read_magnet(magnet)
        known = self._catalog.torrents.source(source.infohash)
        if known is None:
            return source, None
        # This link has the more recent trackers and peers.
        return replace(known, magnet=magnet), self._catalog.torrents.metainfo(
            known.infohash
        )


def described(metainfo: Metainfo) -> list[dict[str, object]]:
    """Return a torrent's files for JSON; sizes are in bytes."""
    return [
        {
            "index": file.index,
            "path": file.path,
            "size": file.size,
            "mime": content_type(file.path),
        }
        for file in metainfo.files
        if not file.padding
    ]


def explained(metainfo: Metainfo) -> Result:
    """Return the same; archives and images of discs have a ``note``: why no tracks."""
    rows = described(metainfo)
    for row in rows:
        if note := why_not_shown(str(row["path"])):
            row["note"] = note
    return rows


#: The commands by name.
COMMANDS: dict[str, Callable[..., Awaitable[Result]]] = {
    method.__name__: method
    for method in (
        Commands.torrent_prepare_stream,
        Commands.torrent_release_stream,
        Commands.torrent_dispose_preview,
        Commands.torrent_prepare_cancel,
        Commands.torrent_prefetch_next_track,
        Commands.vozduxan_notify_position,
        Commands.vozduxan_stream_stats,
        Commands.torrent_magnet_list_files,
    )
}
