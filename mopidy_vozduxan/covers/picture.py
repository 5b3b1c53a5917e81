"""One checked picture: its type is that of its content, it is whole, not too large.

Pillow decodes bytes from a swarm before anybody sees them, with only the four
decoders named here. Blocks: not for an event loop.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import Any

from mopidy_vozduxan.exceptions import BadInput

#: Pillow's name of a format: our extension and the content type.
KINDS = {
    "JPEG": ("jpg", "image/jpeg"),
    "PNG": ("png", "image/png"),
    "WEBP": ("webp", "image/webp"),
    "GIF": ("gif", "image/gif"),
}
CONTENT_TYPES = dict(KINDS.values())
#: A JPEG with a second picture behind it, as phones and cameras write.
_TWO_JPEGS = "MPO"

#: A page of a booklet at 600 dpi has 8 million. Decoding this many takes 100 MB, so
#: pictures are decoded one at a time.
MAX_PIXELS = 24_000_000
#: Smaller pictures are passed on unchanged.
AS_IS_BYTES = 500_000
#: Larger pictures are scaled down to this: clients show 600 pixels, dense screens more.
SIDE_PIXELS = 1000
_JPEG_QUALITY = 87
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes, and their kind: ``jpg``, ``png``, ``webp`` or ``gif``."""

    data: bytes
    extension: str

    @property
    def content_type(self) -> str:
        """The content type for browsers."""
        return CONTENT_TYPES[self.extension]


def checked(data: bytes) -> Picture:
    """Return the picture in ``data``, scaled down if it is large.

    Raises :class:`BadInput` unless it is a complete picture.
    """
    try:
        with _ONE_AT_A_TIME:
            return _read(data)
    except BadInput:
        raise
    except Exception as exc:  # hostile bytes can make a decoder raise anything
        raise BadInput("This is not a picture that can be shown.") from exc


def _read(data: bytes) -> Picture:
    # Imported here, so that Mopidy's start does not wait for it (50 ms).
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=tuple(KINDS)) as image:
        kind, _ = KINDS["JPEG" if image.format == _TWO_JPEGS else image.format or ""]
        if image.width * image.height > MAX_PIXELS:
            raise BadInput("The picture has more pixels than we decode.")
        # The JPEG decoder can skip detail that would be scaled away.
        image.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))
        image.load()
        if len(data) <= AS_IS_BYTES:
            return Picture(data, kind)
        return Picture(_scaled_down(image), "jpg")


def _scaled_down(image: Any) -> bytes:
    """Return a JPEG for the screen; transparent parts become white."""
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
