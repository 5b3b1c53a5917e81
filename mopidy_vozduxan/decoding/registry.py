"""Which of GStreamer's elements plays a file, by its first bytes.

Asks GStreamer what the player would ask it: what type that is, and which element of
the highest rank takes it. Names of files do not count. Blocks, the first time for half
a second (all plugins that know types are loaded): not for an event loop.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstBase", "1.0")
from gi.repository import Gst, GstBase  # noqa: E402

#: The player looks at what it has by then, anew with each buffer that comes.
_FIRST_LOOK = 2048


@dataclass(frozen=True, slots=True)
class Plays:
    """An element that plays a type.

    It ``demuxes`` a container, or takes frames as they come. It ``hangs`` when bytes
    are pushed to it, as they are over HTTP, and then run out or are garbage: so do
    all demuxers of gst-libav (1.22 and 1.26), which wait for them on a thread that
    nothing can stop. With local files they ask for bytes themselves, and end.
    """

    element: str
    demuxes: bool
    hangs: bool


def plays(head: bytes) -> Plays | None:
    """Return what plays the file that begins like this, None where nothing is sure.

    Where the answer depends on how much the player has by then, one that hangs.
    """
    found: Plays | None = None
    with _looking:
        size = _FIRST_LOOK
        while True:
            one = _plays(head[:size])
            if one and one.hangs:
                return one
            found = found or one
            if size >= len(head):
                return found
            size *= 2


def get_ready() -> None:
    """Have GStreamer load what knows types, before the first start needs it.

    That took 0.05 to 0.14 s of the first start. Any thread may do it.
    """
    plays(bytes(_FIRST_LOOK))  # is of no type, so all are asked


_looking = threading.Lock()


def _plays(head: bytes) -> Plays | None:
    Gst.init(None)  # Mopidy has done so; once more does nothing
    caps = GstBase.type_find_helper_for_data(None, head)[0] if head else None
    if caps is None:
        return None
    sink = Gst.PadDirection.SINK
    takers = Gst.ElementFactory.list_filter(_elements(), caps, sink, False)
    if not takers:
        return None
    first = max(takers, key=lambda element: element.get_rank())
    kinds = first.get_metadata("klass").split("/")
    demuxes = "Demuxer" in kinds and "Metadata" not in kinds
    hangs = demuxes and first.get_plugin_name() == "libav"
    return Plays(first.get_name(), demuxes, hangs)


@functools.cache
def _elements() -> list[Gst.ElementFactory]:
    kinds = Gst.ELEMENT_FACTORY_TYPE_DECODABLE
    found: list[Gst.ElementFactory] = Gst.ElementFactory.list_get_elements(
        kinds, Gst.Rank.MARGINAL
    )
    return found
