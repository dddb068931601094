"""Brings 16 bits a channel to 8 by one rule for a whole source.

Cameras and microscopes store 10, 12 or 14 bits in files of 16. How many bits count is a fact of the source and not of
one picture, so the largest value of all pictures decides, unless the settings do.
"""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.data.images.pixels import Picture, spread
from bakeoff.data.remarks import Remarks

LEAST = 8  # bits: values up to 255 stay as they are


class Depth:
    """Scales the pictures of a source: 8 bits stay; of 16 the largest value of so many bits becomes 255.

    Attributes:
        key: of the setting in params.yaml.
        bits: how many count; None for as many as the largest value of the source needs.
        every: all pictures of the source; read only where one has 16 bits.
    """

    def __init__(self, key: str, bits: int | None, every: Callable[[], Iterator[Picture]], remarks: Remarks) -> None:
        self.key, self.bits, self.every, self.remarks = key, bits, every, remarks

    def eight(self, picture: Picture, place: str) -> NDArray[np.uint8]:
        """Return the picture in 8 bits, halves rounded up.

        Raises:
            BadInput: a value needs more bits than the settings give.
        """
        if picture.dtype == np.uint8:
            return picture.astype(np.uint8, copy=False)
        if (largest := int(picture.max())) > self.white:
            raise BadInput(
                f"{place}: invalid value {largest}: expected at most {self.white}, for params.yaml: {self.key} is "
                f"{self.bits}; write a larger number of bits, or null"
            )
        return spread(picture, self.white)

    @cached_property
    def white(self) -> int:
        """The value that becomes 255."""
        if self.bits is not None:
            white = (1 << self.bits) - 1
            self.remarks.add(f"pictures with 16 bits use {self.bits} of them ({self.key}): {white} becomes 255")
            return white
        largest = max(int(picture.max()) for picture in self.every() if picture.dtype != np.uint8)
        bits = max(LEAST, largest.bit_length())
        white = (1 << bits) - 1
        self.remarks.add(
            f"pictures with 16 bits use {bits} of them, for their largest value is {largest}: {white} becomes 255; "
            f"params.yaml: {self.key} sets another number of bits"
        )
        return white
