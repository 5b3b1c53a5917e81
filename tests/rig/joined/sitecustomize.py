"""On PYTHONPATH: libtorrent gets further settings, those of a test's own DHT."""

from __future__ import annotations

import json
import os

from mopidy_vozduxan.engine import settings

_MORE = json.loads(os.environ["LIBTORRENT_SETTINGS"])

settings.PROFILE = {**settings.PROFILE, **_MORE}
