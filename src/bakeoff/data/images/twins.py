"""Pictures that are the same as another: of another class they contradict it, in another part they tell its label."""

from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.images.labelled import Labelled
from bakeoff.data.remarks import Remarks

DIGEST = 16  # bytes


@dataclass
class Twins:
    """Compares prepared pictures, first those of train, with all before.

    Attributes:
        first: the first picture with some pixels, by their digest: its number and its part.
        classes, parts: pairs of pictures that are the same and differ in these.
    """

    found: Labelled
    first: dict[bytes, tuple[int, str]] = field(default_factory=dict)
    classes: list[tuple[int, int]] = field(default_factory=list)
    parts: list[tuple[int, int]] = field(default_factory=list)

    def see(self, n: int, picture: NDArray[np.uint8], part: str) -> None:
        digest = blake2b(picture.tobytes(), digest_size=DIGEST).digest()
        twin, of_twin = self.first.setdefault(digest, (n, part))
        if self.found.y[n] != self.found.y[twin]:
            self.classes.append((twin, n))
        elif part != of_twin:
            self.parts.append((twin, n))

    def remark(self, remarks: Remarks) -> None:
        for pairs, what in ((self.classes, "have another class"), (self.parts, "are in another part")):
            if pairs:
                one, other = (self.found.place(n) for n in pairs[0])
                remarks.add(f"{len(pairs):,} images {what} than an image with the same pixels, like {one} and {other}")
