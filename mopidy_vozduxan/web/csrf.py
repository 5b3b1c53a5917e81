"""Who may give commands: the rules that Mopidy's own JSON-RPC goes by.

Pure decisions over headers and Mopidy's ``[http]`` section. Browsers ask
before they send JSON to another origin, so requiring that content type and
answering the question is enough; programs that are no browsers just name the
type.

Design notes: Mopidy looks at ``Origin`` when a browser asks (``OPTIONS``) and
over its WebSocket. We look at it with every request that names one, which
refuses nothing that those two accept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mopidy_vozduxan.exceptions import VozduxanError

#: So long (s) a browser need not ask again, as Mopidy 4 allows it.
_MAX_AGE = "7200"


class WrongContentType(VozduxanError):
    """Something that a page of another origin may send without asking."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class WrongOrigin(VozduxanError):
    """A page of another origin."""

    code = "FORBIDDEN"
    status = 403


@dataclass(frozen=True, slots=True)
class CrossSiteRules:
    """``http/csrf_protection`` and ``http/allowed_origins`` (lower case)."""

    protection: bool = True
    allowed_origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: Mapping[str, object]) -> CrossSiteRules:
        """Return the rules of a Mopidy's configuration."""
        http = config.get("http")
        if not isinstance(http, Mapping):
            return cls()
        origins = http.get("allowed_origins") or ()
        assert isinstance(origins, Iterable)
        # The schema allows "nothing", and Mopidy takes that for "off".
        return cls(bool(http.get("csrf_protection", True)), frozenset(origins))

    def check(self, method: str, headers: Mapping[str, str]) -> None:
        """Raise why a request is refused, if it is."""
        if not self.protection:
            return
        if method == "POST" and _media_type(headers) != "application/json":
            raise WrongContentType("Content-Type must be application/json.")
        origin = headers.get("Origin")
        if origin is None and method == "OPTIONS":
            raise WrongOrigin("The request names no Origin.")
        if origin is not None and not self._allows(origin, headers.get("Host")):
            raise WrongOrigin("Pages of this origin may give no commands.")

    def headers(self, method: str, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that let a page of an allowed origin read the answer."""
        origin = headers.get("Origin")
        if not self.protection or origin is None:
            return {}
        if not self._allows(origin, headers.get("Host")):
            return {}
        answer = {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Headers": "Content-Type",
        }
        return answer | (
            {"Access-Control-Max-Age": _MAX_AGE} if method == "OPTIONS" else {}
        )

    def _allows(self, origin: str, host: str | None) -> bool:
        try:
            netloc = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        # Pages from files have no netloc ("null", "file://"): phone apps do that.
        return not netloc or netloc == host or netloc in self.allowed_origins


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").split(";")[0].strip()
