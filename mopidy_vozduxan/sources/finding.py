"""Finds what a listener named, in its swarm or at its URL, and keeps it.

Lives on our event loop. Waits as long as a swarm or a web server may take.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlsplit

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import BadInput, FetchFailed
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.sources.unshown_files import say_what_is_silent
from mopidy_vozduxan.sources.wishes import Wish
from mopidy_vozduxan.torrent.metainfo import Metainfo, ReadTorrent, TorrentSource
from mopidy_vozduxan.torrent.uris import magnet_of

logger = logging.getLogger(__name__)


class Finding:
    """Finds torrents for ``catalog``; raises what :class:`Adder` says.

    ``fetch_metainfo`` asks a swarm, and the answer may be in the catalog already;
    ``fetch`` asks a web server.
    """

    def __init__(
        self,
        catalog: Catalog,
        read_torrent: ReadTorrent,
        fetch_metainfo: Callable[[TorrentSource], Awaitable[Metainfo]],
        fetch: Callable[[str], Awaitable[bytes | str]],
    ) -> None:
        self._catalog = catalog
        self._read_torrent = read_torrent
        self._fetch_metainfo = fetch_metainfo
        self._fetch = fetch

    async def find(self, wish: Wish) -> str:
        """Return the infohash of what ``wish`` asks for, once it is in the catalog."""
        if wish.link:
            return await self._find_in_swarm(wish.link.source)
        infohash = await self._find_at(wish.url)
        await self._catalog.on_loop.torrents.also_call(wish.url, infohash)
        return infohash

    async def _find_in_swarm(self, source: TorrentSource) -> str:
        metainfo = await self._fetch_metainfo(source)
        return await self._catalog.on_loop.run(self._keep_new, source, metainfo)

    async def _find_at(self, url: str) -> str:
        body = await self._fetch(url)
        if isinstance(body, str):
            return await self._find_linked(url, read_magnet(body))
        try:
            source, metainfo = await asyncio.to_thread(self._read_torrent, body)
        except BadInput as exc:
            host = urlsplit(url).hostname
            raise FetchFailed(f"{host} did not send a torrent file.") from exc
        return await self._catalog.on_loop.run(self.keep, source, metainfo)

    async def _find_linked(self, url: str, source: TorrentSource) -> str:
        """Find what the magnet link names to which ``url`` leads."""
        catalog = self._catalog.on_loop
        await catalog.collection.add(source, None)
        await catalog.torrents.also_call(url, source.infohash)
        known = await catalog.torrents.metainfo(source.infohash)
        if known is None:
            return await self._find_in_swarm(source)
        say_what_is_silent(known)
        return known.infohash

    def _keep_new(self, source: TorrentSource, metainfo: Metainfo) -> str:
        """Write it to the catalog, unless its swarm's answer is there already."""
        if self._catalog.torrents.metainfo(metainfo.infohash) != metainfo:
            return self.keep(source, metainfo)
        say_what_is_silent(metainfo)
        return metainfo.infohash

    async def meet(self, source: TorrentSource) -> None:
        """Also use the trackers and peers of another link for a torrent."""
        await self._fetch_metainfo(source)

    def keep(self, source: TorrentSource, metainfo: Metainfo) -> str:
        """Write the torrent to the catalog; return its infohash there. Blocks."""
        if source.magnet is None:
            # A torrent with a magnet link stays when its file leaves torrent_dirs.
            known = self._catalog.torrents.source(metainfo.infohash)
            magnet = known.magnet if known else None
            magnet = magnet or magnet_of(metainfo.infohash)
            source = replace(source, magnet=magnet)
        self._catalog.collection.add(source, metainfo)
        say_what_is_silent(metainfo)
        return metainfo.infohash
