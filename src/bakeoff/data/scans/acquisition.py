"""Simulates how a coil sees slices: brighter here, darker there, and noisy.

N slices; C, H, W channels, height and width.
"""

import numpy as np
from numpy.typing import NDArray

from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.settings import ScansSettings


def remark(settings: ScansSettings, remarks: Remarks) -> None:
    """Say that the slices are changed, for whoever brings scans of a real coil."""
    if settings.bias_field or settings.noise:
        remarks.add(
            f"every slice gets a simulated bias field of strength {settings.bias_field:g} and noise of "
            f"{settings.noise:g}; params.yaml: data.scans.bias_field: 0 and noise: 0 leave scans as they are"
        )


def scan(x: NDArray[np.uint8], settings: ScansSettings, generator: np.random.Generator) -> None:
    """Puts a field of its own over each slice of x (N, C, H, W), the same for its channels, and noise; in place."""
    if not settings.bias_field and not settings.noise:
        return
    weights = generator.uniform(-1, 1, (5, len(x)))
    for n, picture in enumerate(x):
        field = 1 + settings.bias_field * smooth(weights[:, n], *picture.shape[1:])
        noise = settings.noise * generator.standard_normal(picture.shape)
        # Scaled so that the brightest stays within a byte where the field is strongest; only noise is cut off.
        seen = (picture / 255 * field + noise) / (1 + settings.bias_field)
        x[n] = np.rint(255 * np.clip(seen, 0, 1))


def smooth(weights: NDArray[np.float64], H: int, W: int) -> NDArray[np.float64]:
    """A polynomial of the second degree over (H, W), between -1 and 1, and at one of them somewhere.

    Args:
        weights: of its five terms; the constant one is left out.

    Source: polynomials as a model of the bias field, Styner, Brechbühler, Székely & Gerig 2000, IEEE TMI 19(3).
    """
    v, u = np.linspace(-1, 1, H)[:, np.newaxis], np.linspace(-1, 1, W)
    field = np.zeros((H, W))
    for weight, term in zip(weights, (u, v, u * v, 2 * u**2 - 1, 2 * v**2 - 1), strict=True):
        field += weight * term
    scaled: NDArray[np.float64] = field / np.abs(field).max()
    return scaled
