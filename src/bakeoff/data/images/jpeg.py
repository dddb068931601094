"""Finds damage in a JPEG's compressed data that decoders pass over.

libjpeg fills in what it cannot decode, and warns; Pillow does not hand its warnings on. A JPEG has no checksum: where a
changed bit leaves the lengths of all codes as they were, pixels change, and no reader can find it.
"""

import simplejpeg

from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place
from bakeoff.data.sources.addresses import said

DAMAGE = ("Corrupt JPEG data", "Premature end of JPEG")  # libjpeg's other warnings are about headers
REVISION = 11  # the byte of a JFIF header with the major version


def check(place: Place) -> None:
    """Refuse a JPEG whose compressed data does not fit its header.

    Raises:
        BadInput: libjpeg warns of damage.
    """
    content = bytearray(place.path.read_bytes())
    if content[6:11] == b"JFIF\0":
        content[REVISION] = 1  # libjpeg warns of versions other than 1, and its first warning would hide the next one
    try:
        # An eighth of the size: all codes are decoded, and few pixels are computed.
        simplejpeg.decode_jpeg(bytes(content), min_height=1, min_width=1, min_factor=8, strict=True)
    except ValueError as error:
        if str(error).startswith(DAMAGE):
            raise BadInput(f"{place}: the picture is damaged: {said(error)}; copy or export it again") from None
