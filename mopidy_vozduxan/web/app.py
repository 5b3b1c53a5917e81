"""Our part of Mopidy's own HTTP server, under ``/vozduxan``.

Has the routes and one static page. Runs on Mopidy's Tornado loop, which all web
clients share: nothing here waits, except through the bridge.
"""

from __future__ import annotations

from collections.abc import Mapping

from tornado.web import RequestHandler

from mopidy_vozduxan import running
from mopidy_vozduxan.web.api import CommandHandler
from mopidy_vozduxan.web.csrf import CrossSiteRules, UnknownHost
from mopidy_vozduxan.web.handler import Handler
from mopidy_vozduxan.web.image import PATH as IMAGE
from mopidy_vozduxan.web.image import ImageHandler
from mopidy_vozduxan.web.progress_events import ProgressHandler
from mopidy_vozduxan.web.stream_handler import StreamHandler

Route = tuple[str, type[RequestHandler], dict[str, object]]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Mopidy-Vozduxan</title>
<h1>Mopidy-Vozduxan</h1>
<p>This Mopidy plays music straight out of BitTorrent swarms.
Use any Mopidy client: the torrents are in the library, under
<em>Torrents</em>.</p>
<p><a href="/mopidy/">Web clients of this Mopidy</a></p>
</html>
"""


class AboutHandler(Handler):
    """One page that says what this is."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    def initialize(self, rules: CrossSiteRules) -> None:
        """Take the rules, for the known host names."""
        self._rules = rules

    async def get(self) -> None:
        """Send the page."""
        try:
            await self.check_host(self._rules)
        except UnknownHost as error:
            return self.refuse(error)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", "default-src 'none'")
        self.finish(_PAGE)
        return None

    head = get


def mopidy_app(config: Mapping[str, object], core: object) -> list[Route]:
    """Return the routes; the factory that Mopidy calls for ``http:app``."""
    rules = CrossSiteRules.of(config)
    guarded: dict[str, object] = {"find": running.find, "rules": rules}
    followers: set[ProgressHandler] = set()
    return [
        (r"/api/progress", ProgressHandler, {**guarded, "followers": followers}),
        (r"/api/(.*)", CommandHandler, guarded),
        (r"/stream/([A-Za-z0-9_-]+)", StreamHandler, guarded),
        (IMAGE, ImageHandler, guarded),
        (r"/?", AboutHandler, {"rules": rules}),
    ]
