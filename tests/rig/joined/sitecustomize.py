"""On PYTHONPATH: libtorrent gets further settings, those of a test's own DHT."""

from __future__ import annotations

import json
import os
from typing import Any

from mopidy_vozduxan.engine import settings

_profile = settings.profile


def _with_more() -> dict[str, Any]:
    return {**_profile(), **json.loads(os.environ["LIBTORRENT_SETTINGS"])}


settings.profile = _with_more
