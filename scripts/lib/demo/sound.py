"""Whether this machine has a sound device: asks GStreamer, and plays nothing."""

from __future__ import annotations

import subprocess
import sys

AUDIBLE = "autoaudiosink"

# In its own process, because it may hang, or write to stderr as ALSA does.
_ASK = """
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
sink = Gst.ElementFactory.make("autoaudiosink")
sink.set_state(Gst.State.READY)  # now it has tried every device
chosen = sink.get_child_by_index(0)
print(chosen.get_factory().get_name() if chosen else "fakesink")
sink.set_state(Gst.State.NULL)
"""


def device() -> str | None:
    """The sink that GStreamer would choose, as `pulsesink`; None without a device."""
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASK], capture_output=True, text=True, timeout=20
        )
    except subprocess.TimeoutExpired:
        return None
    chosen = asked.stdout.strip()
    return chosen if asked.returncode == 0 and chosen != "fakesink" else None
