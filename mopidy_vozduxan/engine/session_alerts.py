"""Handles alerts about the session itself, and those that are only logged."""

from __future__ import annotations

import errno
import logging
from typing import Any

from mopidy_vozduxan.engine import alerts

logger = logging.getLogger(__name__)


def handlers() -> alerts.Handlers:
    """Return the handlers by the alert's class name."""
    return {
        "listen_failed_alert": _on_listen_failed,
        "fastresume_rejected_alert": _on_debug,
    }


def _on_listen_failed(alert: Any) -> None:
    if alert.error.value() == errno.EADDRNOTAVAIL:
        # The address does not exist, or not yet; the binder reports that.
        logger.debug("%s", alert.message())
        return
    logger.warning("Vozduxan: Cannot listen for BitTorrent peers: %s", alert.message())


def _on_debug(alert: Any) -> None:
    logger.debug("%s", alert.message())
