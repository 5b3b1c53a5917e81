"""One picture, made sure of: its type by its content, whole, and not too large.

Bytes from a swarm are decoded before anybody sees them, by Pillow and by no
more than the four decoders named here. Blocks: not for an event loop.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import Any

from mopidy_vozduxan.exceptions import BadInput

#: By Pillow's name for a format: our extension and the content type.
KINDS = {
    "JPEG": ("jpg", "image/jpeg"),
    "PNG": ("png", "image/png"),
    "WEBP": ("webp", "image/webp"),
    "GIF": ("gif", "image/gif"),
}
CONTENT_TYPES = dict(KINDS.values())
#: A JPEG with a second picture behind it, as phones and cameras make them.
_TWO_JPEGS = "MPO"

#: A page of a booklet at 600 dpi has 8 million. Decoded, this takes 100 MB, which
#: is why there is one at a time.
MAX_PIXELS = 24_000_000
#: What is smaller is passed on as it came.
AS_IS_BYTES = 500_000
#: What is larger is scaled down: clients show 600 pixels, dense screens more.
SIDE_PIXELS = 1000
_JPEG_QUALITY = 87
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes, and what they are: ``jpg``, ``png``, ``webp`` or ``gif``."""

    data: bytes
    extension: str

    @property
    def content_type(self) -> str:
        """What a browser is told."""
        return CONTENT_TYPES[self.extension]


def checked(data: bytes) -> Picture:
    """Return the picture that ``data`` is, scaled down where it is large.

    Raises :class:`BadInput` for everything that is no whole picture.
    """
    try:
        with _ONE_AT_A_TIME:
            return _read(data)
    except BadInput:
        raise
    except Exception as exc:  # hostile bytes make decoders raise whatever they like
        raise BadInput("This is not a picture that can be shown.") from exc


def _read(data: bytes) -> Picture:
    # Here, because Mopidy's start should not wait for it (50 ms).
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=tuple(KINDS)) as image:
        kind, _ = KINDS["JPEG" if image.format == _TWO_JPEGS else image.format or ""]
        if image.width * image.height > MAX_PIXELS:
            raise BadInput("The picture has more pixels than we decode.")
        # A JPEG's decoder can leave out what would be scaled away.
        image.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))
        image.load()
        if len(data) <= AS_IS_BYTES:
            return Picture(data, kind)
        return Picture(_scaled_down(image), "jpg")


def _scaled_down(image: Any) -> bytes:
    """Return a JPEG for the screen; what was transparent becomes white."""
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    if "A" in upright.getbands() or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        upright = Image.new("RGB", layer.size, "white")
        upright.paste(layer, mask=layer)
    out = io.BytesIO()
    upright.convert("RGB").save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()
