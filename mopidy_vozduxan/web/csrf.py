"""Which pages may send which requests: stricter rules than Mopidy's JSON-RPC has.

Pure decisions on headers and Mopidy's ``[http]`` section. Browsers ask before they
send JSON to another origin, so it is enough to require that content type, and to
answer the question. Other programs simply name the type.

Design notes: Mopidy checks ``Origin`` when a browser asks (``OPTIONS``) and on its
WebSocket. We check it on every request that names one, and else ``Referer``, because
browsers send no ``Origin`` for pictures. Mopidy accepts pages without an origin
("null", "file://"), for apps that consist of files. But any site can put a page into a
sandboxed frame, which has no origin either. And Mopidy does not check ``Host``: see
:mod:`mopidy_vozduxan.web.hosts`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.naming.names import clean
from mopidy_vozduxan.web.hosts import is_local, name_in

#: How long (s) a browser need not ask again; the same as in Mopidy 4.
_MAX_AGE = "7200"


class WrongContentType(VozduxanError):
    """A content type that a page of another origin may send without asking."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class WrongOrigin(VozduxanError):
    """The page is of another origin."""

    code = "FORBIDDEN"
    status = 403


class UnknownHost(VozduxanError):
    """A host name that a site on the internet could point at this machine."""

    code = "FORBIDDEN"
    status = 403

    def __init__(self, name: str) -> None:
        super().__init__(
            f"This Mopidy does not know the host name {clean(name[:80])}: add it to"
            " http/allowed_origins, or use the IP address."
        )


@dataclass(frozen=True, slots=True)
class CrossSiteRules:
    """The rules in Mopidy's ``[http]`` section.

    ``csrf_protection``, ``allowed_origins`` in lower case, and the ``names`` of hosts
    in ``hostname`` and ``allowed_origins``.
    """

    protection: bool = True
    allowed_origins: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: Mapping[str, object]) -> CrossSiteRules:
        """Return the rules in a configuration of Mopidy."""
        http = config.get("http")
        if not isinstance(http, Mapping):
            return cls()
        origins = http.get("allowed_origins") or ()
        assert isinstance(origins, Iterable)
        allowed = frozenset(origins)
        names = {name_in(origin) for origin in (*allowed, str(http.get("hostname")))}
        # The schema allows an empty value, and Mopidy takes that for "off".
        return cls(bool(http.get("csrf_protection", True)), allowed, frozenset(names))

    def knows(self, name: str, own: Collection[str] = ()) -> bool:
        """Whether a host name is ours; ``own`` are the machine's own names."""
        known = is_local(name) or name in self.names or name in own
        return known or not self.protection

    def check(self, method: str, headers: Mapping[str, str]) -> None:
        """Raise the reason for refusing a request, if there is one."""
        if not self.protection:
            return
        if method == "POST" and _media_type(headers) != "application/json":
            raise WrongContentType("Content-Type must be application/json.")
        if method == "OPTIONS" and "Origin" not in headers:
            raise WrongOrigin("The request names no Origin.")
        page = _page(headers)
        if page is not None and not self._allows(page, headers):
            raise WrongOrigin(
                "Pages of this origin are refused: it is not in http/allowed_origins."
            )

    def headers(self, method: str, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that let a page of an allowed origin read the answer."""
        page = _page(headers)
        if not self.protection or page is None or not self._allows(page, headers):
            return {}
        answer = {}
        if not _is_at(page, headers):
            answer["Cross-Origin-Resource-Policy"] = "cross-origin"
        if "Origin" in headers:
            answer["Access-Control-Allow-Origin"] = page
            answer["Access-Control-Allow-Headers"] = "Content-Type"
        if method == "OPTIONS":
            answer["Access-Control-Max-Age"] = _MAX_AGE
        return answer

    def _allows(self, page: str, headers: Mapping[str, str]) -> bool:
        return _netloc(page) in self.allowed_origins or _is_at(page, headers)


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _is_at(page: str, headers: Mapping[str, str]) -> bool:
    """Whether a page is Mopidy's own; a page without an origin is not."""
    netloc = _netloc(page)
    return bool(netloc) and netloc == headers.get("Host", "").lower()


def _page(headers: Mapping[str, str]) -> str | None:
    """Return the URL or origin of the requesting page; None if there is no page."""
    return headers.get("Origin", headers.get("Referer"))


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").split(";")[0].strip()
