"""Numbers on a common scale."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bakeoff.base.settings import Settings
from bakeoff.data.encoding.moments import MOST_DECIMALS, Moments
from bakeoff.data.encoding.settings import Scaling


class Scale(Settings):
    """x -> (x - center) / width in float64, then rounded to float32; first `missing` if there is no value.

    Attributes:
        missing: None refuses a missing value.
        decimals: of the training values; None if they have more than MOST_DECIMALS.
    """

    missing: float | None
    center: float
    width: Annotated[float, Field(gt=0)]
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None

    def encode(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """NaN stays where a missing value is refused, and infinity comes where float32 ends: the caller looks."""
        filled = values if self.missing is None else np.where(np.isnan(values), self.missing, values)
        with np.errstate(over="ignore"):
            return ((filled - self.center) / self.width).astype(np.float32)

    def decode(self, encoded: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return values of so many `decimals` exactly, up to 2^23 10^-decimals from the center; others nearly.

        A value is rounded to the decimals of the training values only where the rounded one is encoded as the same
        float32. What has more decimals, a mean that stands in for a missing value among them, comes back to float32's
        precision. So does what is farther from the center, where the half step of float32, 2^-24 of the distance, is
        more than half a last decimal.
        """
        values = encoded.astype(np.float64) * self.width + self.center
        if self.decimals is None:
            return values
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = values.round(self.decimals) + 0.0  # no -0
        return np.where(self.encode(rounded) == encoded, rounded, values)


def fit(present: Moments, absent: int, missing: float | None, scaling: Scaling) -> Scale:
    """The scale of a column.

    What is scaled is the column with `missing` in its `absent` gaps: its mean becomes 0 and its variance 1, ddof 0
    (standard), or its extremes 0 and 1 (minmax). A column that never changes becomes 0.

    Differs: scikit-learn's StandardScaler calls constant also what varies by less than its rounding errors.
    """
    whole = present if missing is None else present + Moments.repeated(missing, absent)
    center, width = 0.0, 1.0
    if scaling != "none" and whole.least == whole.greatest:
        center = whole.least
    elif scaling == "standard":
        center, width = whole.mean, whole.deviation(ddof=0) or 1.0  # squares of tiny differences vanish
    elif scaling == "minmax":
        center, width = whole.least, whole.greatest - whole.least
    return Scale(missing=missing, center=center, width=width, decimals=present.decimals)
