"""Divides slices into train, validation and test, so that what is alike does not stand on both sides."""

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.base.values import resolved
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.settings import FileSplitSettings, SlabSettings

KEY = "params.yaml: data.scans.split"


def split(
    lengths: list[int], settings: SlabSettings | FileSplitSettings, remarks: Remarks, more: str = ""
) -> list[NDArray[np.intp]]:
    """Return which slices are in train, validation and test, in order, counted through all files of these lengths.

    How shares were resolved is a remark.

    Args:
        more: the way out, after others, where more files may mend it.

    Raises:
        BadInput: there are fewer than asked for.
    """
    if settings.by == "slabs":
        return slabs(sum(lengths), settings, remarks, more)
    starts = np.cumsum([0, *lengths])
    return [
        np.concatenate([np.arange(starts[n], starts[n + 1]) for n in files])
        for files in by_file(len(lengths), settings, remarks, more)
    ]


def slabs(found: int, settings: SlabSettings, remarks: Remarks, more: str) -> list[NDArray[np.intp]]:
    """Three stretches of the sequence with gaps between them, centred where they do not fill it."""
    train, validation, test = (resolved(length, found) for length in settings.slices)
    gap = resolved(settings.gap, found, least=0)
    if isinstance(settings.slices[0], float):  # rounding up may exceed the number of slices
        train = min(train, max(1, found - validation - test - 2 * gap))
    lengths = train, validation, test
    if any(isinstance(amount, float) for amount in (*settings.slices, settings.gap)):
        remarks.add(
            f"data.scans.split: slices {list(settings.slices)} = {list(lengths)}, gap {settings.gap:g} = {gap} of "
            f"{found:,} slices"
        )
    needed = sum(lengths) + 2 * gap
    if needed > found:
        raise BadInput(f"{KEY} takes {needed} slices with its gaps, but the data set has {found}; take fewer{more}")
    start = (found - needed) // 2
    stretches = []
    for length in lengths:
        stretches.append(np.arange(start, start + length))
        start += length + gap
    return stretches


def by_file(found: int, settings: FileSplitSettings, remarks: Remarks, more: str) -> list[NDArray[np.intp]]:
    """Files drawn at random, those of each part in order; train has what validation and test leave."""
    validated, tested = resolved(settings.validation, found), resolved(settings.test, found)
    held = validated + tested
    if isinstance(settings.validation, float) or isinstance(settings.test, float):
        remarks.add(
            f"data.scans.split: validation {settings.validation:g} = {validated}, test {settings.test:g} = {tested} of "
            f"{found:,} files"
        )
    if held >= found:
        raise BadInput(
            f"{KEY}: validation + test is {held}: expected less than {found}, the number of files; lower them{more}"
        )
    order = np.random.default_rng(settings.seed).permutation(found)
    test, validation, train = np.split(order, [tested, held])
    return [np.sort(train), np.sort(validation), np.sort(test)]
