"""Masks of one file, or of all files in a folder or archive, to where they belong."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place
from bakeoff.inference import masks, output
from bakeoff.inference.masks import Segmenter
from bakeoff.inference.refusals import Refusals


def one(segmenter: Segmenter, place: Place, to: str, refusals: Refusals) -> int:
    """Write the mask of one file; returns the number written."""
    try:
        content = segmenter.mask(place)
    except BadInput as error:
        refusals.add(error)
        return 0
    output.write(to, content)
    return 1


def several(
    segmenter: Segmenter,
    places: Sequence[tuple[str, Place]],
    to: str,
    refusals: Refusals,
    advance: Callable[[int], object],
) -> int:
    """Write the masks of several files under the names of their images; returns the number written.

    Args:
        advance: called for each file that is done.
    """
    written: dict[str, Place] = {}
    for name, place in places:
        try:
            under = masks.named(name, place)
            if under in written:
                raise BadInput(
                    f"{place}: the mask would be written to {under}, as that of {written[under]}; rename one of the "
                    "two pictures"
                )
            content = segmenter.mask(place)
        except BadInput as error:
            refusals.add(error)
        else:
            path = Path(to) / under
            path.parent.mkdir(parents=True, exist_ok=True)
            output.write(str(path), content)
            written[under] = place
        advance(1)
    return len(written)
