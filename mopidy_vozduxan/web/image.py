"""``GET /vozduxan/image/<infohash>/<file index>[/embedded]``: pictures.

Runs on Mopidy's Tornado loop and waits through the bridge only. Every picture was
decoded before it is sent, and browsers must not take it for anything else. Pages of
other origins get none: a picture reveals that its torrent is in the library.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus

from mopidy_vozduxan.covers.kept_pictures import PictureName
from mopidy_vozduxan.covers.picture import Picture
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.web.handler import GuardedHandler

logger = logging.getLogger(__name__)

PATH = r"/image/([0-9a-f]{40}|[0-9a-f]{64})/([0-9]{1,9})(/embedded)?"

#: The file behind a URL never changes, but the way we scale it may.
_CACHE = "private, max-age=604800"


class ImageHandler(GuardedHandler):
    """Sends one picture; a client that disconnects ends its wait."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    async def get(self, infohash: str, index: str, embedded: str | None = None) -> None:
        """Send the picture. Tornado adds the ETag, and answers 304 for a known one."""
        name = PictureName(infohash, int(index), bool(embedded))
        try:
            work = self._work = asyncio.create_task(self._picture(name))
            picture, lasting = await work
        except VozduxanError as error:
            return self.refuse(error)
        except asyncio.CancelledError:  # the client disconnects, or the server stops
            self._auto_finish = False
            return None
        except Exception:
            logger.exception("Vozduxan: Cannot show a picture")
            return self.refuse(VozduxanError("The picture could not be shown."))
        self.set_header("Content-Type", picture.content_type)
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        if lasting:
            self.set_header("Cache-Control", _CACHE)
        self.finish(picture.data)
        return None

    head = get

    def _log(self) -> None:
        """Log no error for a dead swarm, as Tornado would."""
        if self.get_status() != HTTPStatus.GATEWAY_TIMEOUT:
            super()._log()

    async def _picture(self, name: PictureName) -> tuple[Picture, bool]:
        """Return the picture and True, or for now another one and False."""
        running = self._find()
        try:
            return await running.bridge.call(running.pictures.get(name)), True
        except VozduxanError:
            other = await running.bridge.call(running.pictures.stand_in(name))
            if other is None:
                raise
            return other, False
