"""HTTP that leaves only by the devices we are bound to.

A transport for httpx whose sockets we make ourselves. httpx can bind to a device
since 0.24.1 only. Every version can bind to an address, which is not enough (see
:mod:`~mopidy_vozduxan.network.ways`). It relies on ``network_backend`` of httpcore's
pools, which exists since 0.16 (httpx 0.23.3). The system resolves names, in whatever
way it is configured.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from mopidy_vozduxan.network.devices import Device
from mopidy_vozduxan.network.interfaces import Interface
from mopidy_vozduxan.network.ways import Standing

if TYPE_CHECKING:
    from typing import Self

Way = tuple[Interface, Device]


class BoundTransport(httpx.AsyncBaseTransport):
    """Sends requests over the devices that ``standing`` finds at that moment.

    ``proxy`` is the URL of a proxy for all requests; None leaves that to the
    environment. Raises ValueError for an invalid one. Loopback does not leave the
    machine: a proxy or a server there can be reached whatever we are bound to.
    """

    def __init__(self, standing: Callable[[], Standing], proxy: str | None) -> None:
        self._backend: Any = _Backend(standing)
        self._proxy = httpx.Proxy(proxy) if proxy else None
        self._tls = httpx.create_ssl_context()
        self._pools: list[Any] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises httpx' errors, and :class:`ValueError` for proxies."""
        pool = self._pool_for(request.url)
        self._pools.append(pool)
        asked = httpcore.Request(
            method=request.method,
            url=_url(request.url, request.url.raw_path),
            headers=request.headers.raw,
            content=cast(Any, request.stream),
            extensions=request.extensions,
        )
        with _in_words_of_httpx():
            answer = await pool.handle_async_request(asked)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.aclose()

    def _pool_for(self, url: httpx.URL) -> Any:
        proxy = self._proxy or _proxy_of_the_environment(url)
        means = {"ssl_context": self._tls, "network_backend": self._backend}
        if proxy is None:
            return httpcore.AsyncConnectionPool(**means)
        where = _url(proxy.url, b"/")
        if proxy.url.scheme.startswith("socks5"):
            return httpcore.AsyncSOCKSProxy(where, proxy.raw_auth, **means)
        return httpcore.AsyncHTTPProxy(where, proxy.raw_auth, **means)


def _url(url: httpx.URL, target: bytes) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=target
    )


_FAILURES = (
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


@contextmanager
def _in_words_of_httpx() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise
    except (OSError, *_FAILURES) as exc:
        raise httpx.NetworkError(str(exc)) from exc


def _proxy_of_the_environment(url: httpx.URL) -> httpx.Proxy | None:
    if proxy_bypass(url.host):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy:
        return None
    return httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")


class _Body(httpx.AsyncByteStream):
    """The body of a response, as it arrives."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _in_words_of_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Backend:
    """Makes the connections of httpcore's pools (``AsyncNetworkBackend``)."""

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **_: object
    ) -> _Stream:
        async with asyncio.timeout(timeout):
            sock = await self._connected(host, port)
            return _Stream(*await asyncio.open_connection(sock=sock))

    async def _connected(self, host: str, port: int) -> socket.socket:
        if port > 65535:  # getaddrinfo would take it modulo 65536
            raise ValueError(f"there is no port {port}")
        loop = asyncio.get_running_loop()
        standing = self._standing()
        if standing.lost and not _is_loopback(host):
            raise OSError("; ".join(standing.troubles))
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure = OSError(f"{host} has no address that can be reached")
        for family, _, _, _, target in found:
            for way in _ways(standing, str(target[0])):
                try:
                    return await _call(family, target, way)
                except OSError as exc:
                    failure = exc
        raise failure


def _ways(standing: Standing, host: str) -> tuple[Way | None, ...]:
    return (None,) if _is_loopback(host) else standing.there


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    return host == "localhost"


async def _call(family: int, target: Any, way: Way | None) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if way:
            _bind(sock, *way)
        await asyncio.get_running_loop().sock_connect(sock, target)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind(sock: socket.socket, interface: Interface, device: Device) -> None:
    """Bind a socket to the device, and to the address if one is named."""
    version = 6 if sock.family == socket.AF_INET6 else 4
    named = [interface.address] if interface.address else []
    usable = named or [a for a in device.addresses if not a.is_link_local]
    own = [address for address in usable if address.version == version]
    if not own:
        raise OSError(f"{interface.host} has no IPv{version} address")
    try:
        name = device.name.encode()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
    except PermissionError:  # before 5.7 Linux requires root
        named = own
    if named:
        sock.bind((str(own[0]), 0))


class _Stream:
    """A connection, as httpcore uses it (``AsyncNetworkStream``)."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader, self._writer = reader, writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        async with asyncio.timeout(timeout):
            return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        async with asyncio.timeout(timeout):
            self._writer.write(buffer)
            await self._writer.drain()

    async def aclose(self) -> None:
        self._writer.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Self:
        async with asyncio.timeout(timeout):
            await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return whether the server hung up, the only thing that httpcore asks."""
        return self._reader.at_eof() if info == "is_readable" else None
