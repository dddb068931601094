"""Slices of a brain template with a label a pixel: background (fluid included), grey matter, white matter.

N slices; H, W height and width in pixels; X, Y, Z voxels of a millimetre from left to right, back to front, up.
"""

from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray

from bakeoff.data.examples import Examples, Split
from bakeoff.data.scans.settings import ScansSettings, SlabSettings
from bakeoff.settings import BadInput

CLASSES = ("background", "grey", "white")
# The template is its own mirror image at x = 98: the right half would show again what the left half taught. This box
# holds all tissue of the left half; its sides are multiples of 80 for the sake of whole pixels.
LEFT, UP = slice(19, 99), slice(0, 160)
BACK, FRONT = 26, 210  # there is no tissue outside


def examples(files: dict[str, Path], settings: ScansSettings) -> Examples:
    """Coronal slices, each under a field and with noise of its own: x (N, 1, H, W) uint8, y (N, H, W) uint8.

    Raises:
        BadInput: the slabs do not fit into the brain, or pixels not into the slices.
    """
    t1, grey, white = (reduced(read(files[name]), settings.pixel) for name in ("t1", "grey", "white"))
    tissue = np.stack([1 - grey - white, grey, white], axis=-1)
    generator = np.random.default_rng(settings.seed)
    train, validation, test = (
        Split(scanned(t1[slab], settings, generator)[:, np.newaxis], tissue[slab].argmax(axis=-1).astype(np.uint8))
        for slab in slabs(settings.slabs)
    )
    return Examples(train, validation, test, CLASSES)


def read(path: Path) -> NDArray[np.float64]:
    """The left half's coronal slices (Y, Z, X), upside down as images are, between 0 and 1."""
    volume = np.asarray(Nifti1Image.from_filename(path).dataobj, np.float64) / 255
    return volume[LEFT, BACK:FRONT, UP].transpose(1, 2, 0)[:, ::-1]


def reduced(slices: NDArray[np.float64], pixel: int) -> NDArray[np.float64]:
    """Means over squares of pixel x pixel voxels.

    Raises:
        BadInput: the squares do not fill the slice.
    """
    N, Z, X = slices.shape
    if Z % pixel or X % pixel:
        raise BadInput(
            f"params.yaml: data.scans.pixel is {pixel}, and should divide {Z} and {X}, the voxels of a slice"
        )
    means: NDArray[np.float64] = slices.reshape(N, Z // pixel, pixel, X // pixel, pixel).mean(axis=(2, 4))
    return means


def slabs(settings: SlabSettings) -> list[slice]:
    """Where the slices of train, validation and test lie, from back to front, centred.

    Raises:
        BadInput: they are more than there are.
    """
    needed, found = sum(settings.slices) + 2 * settings.gap, FRONT - BACK
    if needed > found:
        raise BadInput(
            f"params.yaml: data.scans.slabs take {needed} slices with their gaps, and the brain has {found}; take fewer"
        )
    start = (found - needed) // 2
    stretches = []
    for length in settings.slices:
        stretches.append(slice(start, start + length))
        start += length + settings.gap
    return stretches


def scanned(slices: NDArray[np.float64], settings: ScansSettings, generator: np.random.Generator) -> NDArray[np.uint8]:
    """The slices (N, H, W) as a coil would see them: brighter here, darker there, and noisy."""
    N, H, W = slices.shape
    field = 1 + settings.bias_field * smooth(N, H, W, generator)
    noise = settings.noise * generator.standard_normal(slices.shape)
    # Scaled so that white matter stays within a byte where the field is strongest; only noise is cut off.
    return np.rint(255 * np.clip((slices * field + noise) / (1 + settings.bias_field), 0, 1)).astype(np.uint8)


def smooth(N: int, H: int, W: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Random polynomials of the second degree over (N, H, W), each between -1 and 1, and at one of them somewhere.

    Source: polynomials as a model of the bias field, Styner, Brechbühler, Székely & Gerig 2000, IEEE TMI 19(3).
    """
    v, u = np.linspace(-1, 1, H)[:, np.newaxis], np.linspace(-1, 1, W)
    field = np.zeros((N, H, W))
    for polynomial in (u, v, u * v, 2 * u**2 - 1, 2 * v**2 - 1):
        field += generator.uniform(-1, 1, (N, 1, 1)) * polynomial
    field /= np.abs(field).max(axis=(1, 2), keepdims=True)
    return field


def intensity_baseline(examples: Examples) -> dict[str, float]:
    """The Dice of a table that gives each grey level the label it mostly has in training: what needs no network.

    Mean over the classes but the background, counted over all pixels of a split.
    """
    K, train = len(examples.classes), examples.train
    counts = np.bincount(train.x.ravel() * np.intp(K) + train.y.ravel(), minlength=256 * K)
    label = counts.reshape(256, K).argmax(axis=1)
    scores = {}
    for name, split in (("val/dice", examples.validation), ("test/dice", examples.test)):
        predicted, y = label[split.x[:, 0]], split.y
        pairs = [(predicted == k, y == k) for k in range(1, K)]
        scores[name] = float(np.mean([2 * (a & b).sum() / max(a.sum() + b.sum(), 1) for a, b in pairs]))
    return scores
