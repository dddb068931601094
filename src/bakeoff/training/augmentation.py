"""Random augmentation of training images; labels of pixels are transformed with their images.

N examples; C, H, W channels, height and width; G nodes along each side of a grid.
"""

import json
import math

import torch
from torch import Tensor

from bakeoff.base.settings import BadInput
from bakeoff.networks.layers import mirrored
from bakeoff.training.settings import NO_AUGMENTATION, AugmentationSettings

PLACE = "params.yaml: training"  # the place in messages, if none is given

# What is drawn are whole numbers, and what is computed of them takes one sum or product at a time: so a processor with
# other instructions gives the same bytes.
PARTS = 1024  # of a degree, of a pixel, and of the intensity 1
ANGLE, ELASTIC = 7, 8  # columns of the drawn numbers


class Augmentation:
    """The enabled ones of these transformations, in this order, redrawn for each example and epoch:

        rotation    about the centre, by an angle that is uniform in +- this number of degrees
        elastic     by displacements from N(0, sigma^2) at the nodes of a grid, with bicubic interpolation between them
        intensity   times a factor that is uniform in 1 +- gain, plus a number that is uniform in +- offset
        shift       by up to this number of pixels each way; the image is reflected at its edge
        crop        to H x W, after padding with this number of pixels of value 0 and label 0
        flip        left to right, with probability 1/2
        cutout      a square with this side around a random pixel becomes 0; its labels stay
        window      a random square with this side, with its labels, of the result

    Rotation and elastic are one map: a pixel of the result is interpolated linearly in the image, reflected at its
    edge, and its label is that of the nearest pixel. Intensities may leave 0 to 1.
    Source: rotation and elastic: Ronneberger, Fischer & Brox 2015, arXiv:1505.04597, section 3.1, with a 3 x 3 grid and
    a sigma of 10 pixels for images of 512 x 512; shift: Zagoruyko & Komodakis 2016, arXiv:1605.07146, section 3; crop
    and flip: He et al. 2015, arXiv:1512.03385, section 4.2; cutout: DeVries & Taylor 2017, arXiv:1708.04552, section
    3.2.
    Differs: the grid reaches to the corners, and its last nodes are repeated beyond them; shift and crop are one thing
    in either paper, but for what comes in; the square is black, not the mean.
    """

    def __init__(self, settings: AugmentationSettings, shape: tuple[int, ...], place: str = PLACE) -> None:
        """Args:
            place: the place of the settings of the training.

        Raises:
            BadInput: the examples are not images, or are too small for the settings.
        """
        self.settings = settings
        self.on = settings.on
        if self.on and len(shape) != 3:
            off = ", ".join(f"{name}: {json.dumps(value)}" for name, value in NO_AUGMENTATION.model_dump().items())
            raise BadInput(
                f"{place}.augmentation changes pixels, and an example here is a row of {shape[0]} numbers; write {off}"
            )
        self.H, self.W = shape[-2:] if self.on else (0, 0)
        if self.on:
            for fault in settings.size_faults(self.H, self.W, f"images of {self.H} x {self.W} pixels"):
                raise BadInput(f"{place}.augmentation.{fault}")
        self.nodes = settings.elastic.grid if settings.elastic else 0

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw the transformations of some examples, (N, 8 + 2 G^2 + 4), in this order:

        rows and columns of shift and crop, flip, cutout's centre; the angle, the displacements of rows and of columns
        at each node, the gain and the offset, these in `PARTS`; the first row and column of the window.

        Each kind is drawn for all examples before the next kind; disabled ones draw nothing.
        """
        s = self.settings
        ranges = [(-s.shift, s.shift)] * 2 + [(-s.crop, s.crop)] * 2 + [(0, int(s.flip))]
        ranges += [(0, self.H - 1), (0, self.W - 1)] if s.cutout else [(0, 0)] * 2
        ranges += [symmetric(s.rotation)]
        columns = [uniform(low, high, count, generator) for low, high in ranges]
        if s.elastic:
            nodes = torch.randn(count, 2 * self.nodes**2, generator=generator, dtype=torch.float64)
            columns += (nodes * (s.elastic.sigma * PARTS)).round().long().unbind(1)
        intensity = (s.intensity.gain, s.intensity.offset) if s.intensity else (0.0, 0.0)
        columns += [uniform(*symmetric(most), count, generator) for most in intensity]
        room = (self.H - s.window, self.W - s.window) if s.window else (0, 0)
        columns += [uniform(0, most, count, generator) for most in room]
        return torch.stack(columns, 1)

    def __call__(self, x: Tensor, y: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W), and labels (N,) or (N, H, W), as they were drawn."""
        if self.settings.rotation or self.settings.elastic:
            x, y = self.warped(x, y, drawn)
        if self.settings.intensity:
            gain, offset = (1 + drawn[:, -4] / PARTS, drawn[:, -3] / PARTS)
            x = x * gain.to(x)[:, None, None, None] + offset.to(x)[:, None, None, None]
        down, right, crop_down, crop_right, flip, centre_row, centre_column = drawn.to(x.device)[
            :, :ANGLE, None
        ].unbind(1)
        height, width = (self.settings.window or side for side in (self.H, self.W))
        top, left = drawn[:, -2:].to(x.device)[:, :, None].unbind(1)
        i, j = top + torch.arange(height, device=x.device), left + torch.arange(width, device=x.device)
        # From a pixel of the result back to where it comes from: (N, H) rows, (N, W) columns.
        rows, columns = i + crop_down, torch.where(flip > 0, self.W - 1 - j, j) + crop_right
        places = (
            reflected(rows.clamp(0, self.H - 1) - down, self.H)[:, :, None],
            reflected(columns.clamp(0, self.W - 1) - right, self.W)[:, None, :],
        )
        moved = taken(x, *places)
        if y.ndim > 1:
            y = taken(y[:, None], *places)[..., 0]
        if self.settings.crop:
            inside = within(rows, self.H)[:, :, None] & within(columns, self.W)[:, None, :]  # (N, H, W)
            moved = moved * inside[..., None]
            y = y * inside if y.ndim > 1 else y
        if side := self.settings.cutout:
            across = within(i - centre_row + side // 2, side)[:, :, None]
            covered = across & within(j - centre_column + side // 2, side)[:, None, :]
            moved = moved * ~covered[..., None]
        return moved.permute(0, 3, 1, 2), y

    def warped(self, x: Tensor, y: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """Images and labels, rotated and with elastic displacements."""
        rows, columns = self.sources(drawn.to(x.device))  # (N, H, W)
        if y.ndim > 1:
            nearest = mirrored(rows.round().long(), self.H), mirrored(columns.round().long(), self.W)
            y = taken(y[:, None], *nearest)[..., 0]
        above, left = rows.floor(), columns.floor()
        down, right = (rows - above).to(x)[..., None], (columns - left).to(x)[..., None]
        i, j = above.long(), left.long()
        near, far = mirrored(i, self.H), mirrored(i + 1, self.H)
        before, behind = mirrored(j, self.W), mirrored(j + 1, self.W)
        upper = taken(x, near, before) * (1 - right) + taken(x, near, behind) * right  # (N, H, W, C)
        lower = taken(x, far, before) * (1 - right) + taken(x, far, behind) * right
        return (upper * (1 - down) + lower * down).permute(0, 3, 1, 2), y

    def sources(self, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """Return the position in the image of each pixel of the result: rows and columns (N, H, W) in float64."""
        i = torch.arange(self.H, device=drawn.device, dtype=torch.float64)[:, None]
        j = torch.arange(self.W, device=drawn.device, dtype=torch.float64)
        middle, centre = (self.H - 1) / 2, (self.W - 1) / 2
        angles = [math.radians(angle / PARTS) for angle in drawn[:, ANGLE].tolist()]
        # Their last bits depend on the library of mathematics.
        cosine, sine = (
            torch.tensor([round(f(angle), 12) for angle in angles], device=drawn.device, dtype=torch.float64)
            for f in (math.cos, math.sin)
        )
        cosine, sine = cosine[:, None, None], sine[:, None, None]
        rows = cosine * (i - middle) + sine * (j - centre) + middle
        columns = cosine * (j - centre) - sine * (i - middle) + centre
        if self.nodes:
            moves = drawn[:, ELASTIC:-4].double().view(-1, 2, self.nodes, self.nodes) / PARTS
            # First along the columns of the grid, then along its rows; sums of a few terms, in order.
            wide = interpolated(moves, cubic(self.nodes, self.W).to(moves.device))  # (N, 2, G, W)
            field = interpolated(wide.transpose(2, 3), cubic(self.nodes, self.H).to(moves.device)).transpose(2, 3)
            rows, columns = rows + field[:, 0], columns + field[:, 1]
        return rows, columns


def symmetric(most: float) -> tuple[int, int]:
    """Return the range of a number, drawn in parts."""
    return -round(most * PARTS), round(most * PARTS)


def uniform(low: int, high: int, count: int, generator: torch.Generator) -> Tensor:
    """Draw integers, including both ends; nothing is drawn if both ends are equal."""
    return torch.randint(low, high + 1, (count,), generator=generator) if low < high else torch.zeros(count).long()


def interpolated(values: Tensor, weights: Tensor) -> Tensor:
    """Return sums over the last axis: (..., G) and weights (G, L) -> (..., L).

    How a matrix product rounds depends on the processor.
    """
    total = values[..., :1] * weights[0]
    for node in range(1, len(weights)):
        total = total + values[..., node : node + 1] * weights[node]
    return total


def cubic(nodes: int, length: int) -> Tensor:
    """Return the weight of each node at each of `length` places from the first node to the last: (G, L).

    It is that of `interpolate(mode="bicubic", align_corners=True)`: cubic convolution with a = -0.75.
    Source: Keys 1981, IEEE Transactions on Acoustics, Speech, and Signal Processing 29(6).
    """
    places = torch.arange(length, dtype=torch.float64) * (nodes - 1) / max(length - 1, 1)
    first = places.floor().clamp(max=nodes - 2).long()
    weights = torch.zeros(nodes, length, dtype=torch.float64)
    for step in range(-1, 3):
        d = (places - first - step).abs()
        inner = (1.25 * d - 2.25) * d * d + 1
        outer = ((-0.75 * d + 3.75) * d - 6) * d + 3
        weights[(first + step).clamp(0, nodes - 1), torch.arange(length)] += torch.where(d <= 1, inner, outer)
    return weights


def taken(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the pixels x[n, :, rows[n], columns[n]], with the channels last, where convolutions like them in memory.

    Args:
        x: (N, C, H, W).
        rows: integers that broadcast with `columns` to (N, h, w).

    Returns:
        (N, h, w, C), in that order in memory.
    """
    places = rows * x.shape[3] + columns
    pixels = x.flatten(2).gather(2, places.flatten(1)[:, None].expand(-1, x.shape[1], -1))  # (N, C, h w)
    return pixels.transpose(1, 2).flatten().view(*places.shape, x.shape[1])


def within(index: Tensor, size: int) -> Tensor:
    return (index >= 0) & (index < size)


def reflected(index: Tensor, size: int) -> Tensor:
    """Into 0 ... size - 1, mirrored at the first and the last, once: -1 becomes 1."""
    index = index.abs()
    return torch.where(index < size, index, 2 * (size - 1) - index)
