"""Fetches the target of an ``http(s)`` URL, within bounds.

Runs on our event loop, so that every wait ends in time. ``requests`` in a thread
bounds each read only, and a server that sends a byte now and then would hold that
thread forever. Never looks at what it fetches.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from http import HTTPStatus
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from mopidy import httpclient

from mopidy_vozduxan.exceptions import BadInput, FetchFailed
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.torrent.metainfo import MAX_TORRENT_BYTES

if TYPE_CHECKING:
    import httpx

# httpx is imported where it is used, which saves 20 ms of Mopidy's start.

#: From the look-up of the host name to the last byte, including redirects.
TOTAL_S = 30.0
MOST_REDIRECTS = 5
_MIB = 1024 * 1024


class Fetcher:
    """Fetches through ``proxy``, Mopidy's section of that name, within ``binding``.

    ``through`` is the URL of another one that counts instead.

    ``agent`` is our name, as ``name/version``. Without a configured proxy, those of
    the environment are used.
    """

    def __init__(
        self,
        proxy: Mapping[str, Any],
        agent: str,
        binding: Binding,
        total_s: float = TOTAL_S,
        through: str = "",
    ) -> None:
        self._binding = binding
        self._proxy: str | None = through or httpclient.format_proxy(proxy)
        self._agent = httpclient.format_user_agent(agent)
        self._total_s = total_s

    async def fetch(self, url: str) -> bytes | str:
        """Return the body at ``url``, or the magnet link it redirects to.

        Raises :class:`FetchFailed`. Messages name only the host of the URL, because
        the rest may hold a listener's passkey.
        """
        host = _host(url)
        httpx = await asyncio.to_thread(_httpx)
        try:
            async with asyncio.timeout(self._total_s):
                return await self._follow(url)
        except (TimeoutError, httpx.TimeoutException) as exc:
            raise FetchFailed(f"{host} did not send it in time.") from exc
        except httpx.InvalidURL as exc:
            raise BadInput(f"The URL is malformed: {exc}.") from exc
        except httpx.HTTPError as exc:
            raise FetchFailed(f"{host} cannot be reached: {_reason(exc)}.") from exc
        except (ValueError, OverflowError, ExceptionGroup) as exc:
            # An invalid name, or a port beyond 65535; perhaps in a redirect.
            raise FetchFailed(f"{host} has, or redirects to, a malformed URL.") from exc

    async def _follow(self, url: str) -> bytes | str:
        client = await asyncio.to_thread(self._client)  # it reads all certificates
        async with client:
            for _ in range(MOST_REDIRECTS + 1):
                async with client.stream("GET", url) as response:
                    if not response.has_redirect_location:
                        return await _body(response)
                    url = _next(url, response.headers["Location"])
                if url.startswith("magnet:"):
                    return url
        raise FetchFailed(f"{_host(url)} redirects in a circle.")

    def _client(self) -> httpx.AsyncClient:
        import httpx

        headers = {"User-Agent": self._agent, "Accept-Encoding": "identity"}
        try:
            way = self._way()
        except (ValueError, ImportError) as exc:
            raise FetchFailed(f"Mopidy's proxy cannot be used: {exc}.") from exc
        return httpx.AsyncClient(
            headers=headers,
            timeout=self._total_s,
            transport=way,
            trust_env=way is None,
        )

    def _way(self) -> httpx.AsyncBaseTransport | None:
        """Return the transport to use, or None for httpx' default."""
        import httpx

        if self._binding.named:
            from mopidy_vozduxan.network.http import BoundTransport

            return BoundTransport(self._binding.standing, self._proxy)
        if self._proxy is not None:
            return httpx.AsyncHTTPTransport(proxy=httpx.Proxy(self._proxy))
        return None


def _httpx() -> ModuleType:
    import httpx

    return httpx


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "The URL's host"
    except ValueError as exc:
        raise BadInput(f"The URL is malformed: {exc}.") from exc


def _next(url: str, location: str) -> str:
    if location[:7].lower() == "magnet:":
        return "magnet:" + location[7:]
    following = urljoin(url, location)
    if urlsplit(following).scheme not in ("http", "https"):
        raise FetchFailed(f"{_host(url)} redirects to something else.")
    return following


async def _body(response: httpx.Response) -> bytes:
    host = response.url.host
    if response.status_code != HTTPStatus.OK:
        status = f"{response.status_code} {response.reason_phrase}".strip()
        raise FetchFailed(f"{host} answers {status}.")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_TORRENT_BYTES:
            raise _too_large(host)
    encoding = response.headers.get("Content-Encoding", "")
    return await asyncio.to_thread(_decoded, bytes(body), encoding, host)


def _decoded(body: bytes, encoding: str, host: str) -> bytes:
    """Return the unpacked body; its size is bounded, however small it was packed."""
    if encoding.lower() in ("", "identity"):
        return body
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib
    try:
        data = unpacker.decompress(body, MAX_TORRENT_BYTES + 1)
    except zlib.error as exc:
        raise FetchFailed(f"{host} sent data that cannot be unpacked.") from exc
    if len(data) > MAX_TORRENT_BYTES:
        raise _too_large(host)
    if not unpacker.eof:
        raise FetchFailed(f"The file at {host} is cut short.")
    return data


def _too_large(host: str) -> FetchFailed:
    size = MAX_TORRENT_BYTES // _MIB
    return FetchFailed(f"The file at {host} is larger than {size} MiB.")


def _reason(exc: Exception) -> str:
    return str(exc).rstrip(".") or type(exc).__name__
