"""Divides slices into train, validation and test, so that what is alike does not stand on both sides."""

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.scans.settings import FileSplitSettings, SlabSettings

KEY = "params.yaml: data.scans.split"


def split(lengths: list[int], settings: SlabSettings | FileSplitSettings) -> list[NDArray[np.intp]]:
    """Which slices are in train, validation and test, in order, counted through all files of these lengths.

    Raises:
        BadInput: there are fewer than asked for.
    """
    if settings.by == "slabs":
        return slabs(sum(lengths), settings)
    starts = np.cumsum([0, *lengths])
    return [
        np.concatenate([np.arange(starts[n], starts[n + 1]) for n in files])
        for files in by_file(len(lengths), settings)
    ]


def slabs(found: int, settings: SlabSettings) -> list[NDArray[np.intp]]:
    """Three stretches of the sequence with gaps between them, centred where they do not fill it."""
    needed = sum(settings.slices) + 2 * settings.gap
    if needed > found:
        raise BadInput(f"{KEY} takes {needed} slices with its gaps, and there are {found}; take fewer")
    start = (found - needed) // 2
    stretches = []
    for length in settings.slices:
        stretches.append(np.arange(start, start + length))
        start += length + settings.gap
    return stretches


def by_file(found: int, settings: FileSplitSettings) -> list[NDArray[np.intp]]:
    """Files drawn at random, those of each part in order; train has what validation and test leave."""
    held = settings.validation + settings.test
    if held >= found:
        raise BadInput(f"{KEY}: validation + test is {held}, and should be below {found}, the number of files")
    order = np.random.default_rng(settings.seed).permutation(found)
    test, validation, train = np.split(order, [settings.test, held])
    return [np.sort(train), np.sort(validation), np.sort(test)]
