"""Scans in picture files: a slice a file, or TIFF stacks."""

from collections.abc import Callable, Iterator

from bakeoff.base.settings import BadInput
from bakeoff.data.images import pictures
from bakeoff.data.images.masks import Mask
from bakeoff.data.images.pixels import Picture
from bakeoff.data.images.source_tree import Place
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.sequence import Scan


def read(image: Place, mask: Place, remarks: Remarks, masks: Callable[[Place], Iterator[Mask]] | None = None) -> Scan:
    """A pair of files, opened but not yet decoded.

    Args:
        masks: decodes the file of the mask; None for labels that are grey values or indices of a palette.

    Raises:
        BadInput: one cannot be read, or they have different numbers of pictures or orientations.
    """
    (n, turn), (m, turned) = pictures.facts(image), pictures.facts(mask)
    if n != m:
        raise BadInput(f"{mask}: found {m} slices: expected {n}, one for each slice of {image}; export the mask again")
    if turn != turned:  # a mask drawn on the upright picture and one drawn on the picture as it stands look alike
        raise BadInput(
            f"{image}: the EXIF orientation is {turn} but that of {mask} is {turned}; turn the pixels, and remove the "
            "entry"
        )

    def slices() -> Iterator[tuple[Picture, Mask]]:
        labels = pictures.masks(mask, remarks) if masks is None else masks(mask)
        return zip(pictures.stack(image), labels, strict=True)

    return Scan(str(image), str(mask), n, slices)
