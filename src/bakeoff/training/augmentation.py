"""Images moved, mirrored and covered at random, as they come to training; labels of pixels move with their images.

N examples; C, H, W channels, height and width.
"""

import torch
from torch import Tensor

from bakeoff.base.settings import BadInput
from bakeoff.training.settings import AugmentationSettings

PLACE = "params.yaml: training"  # of a training whose settings stand nowhere else


class Augmentation:
    """In this order, what is on of these, drawn anew for each example and epoch:

        shift    by up to so many pixels each way; what comes in is the image reflected at its edge
        crop     of H x W out of the image with so many pixels of 0, and label 0, around it
        flip     left to right, of every second image
        cutout   a square with this side around a random pixel becomes 0; its labels stay

    Source: shift: Zagoruyko & Komodakis 2016, arXiv:1605.07146, section 3; crop and flip: He et al. 2015,
    arXiv:1512.03385, section 4.2; cutout: DeVries & Taylor 2017, arXiv:1708.04552, section 3.2.
    Differs: shift and crop are one thing in either paper, but for what comes in; the square is black, not the mean.
    """

    def __init__(self, settings: AugmentationSettings, shape: tuple[int, ...], place: str = PLACE) -> None:
        """Args:
            place: where the settings of the training stand.

        Raises:
            BadInput: the examples are no images, or smaller than a move.
        """
        self.settings = settings
        self.on = any(settings.model_dump().values())
        if self.on and len(shape) != 3:
            raise BadInput(
                f"{place}.augmentation moves pixels, and an example here is a row of {shape[0]} numbers; "
                "write shift: 0, crop: 0, flip: false, cutout: 0"
            )
        self.H, self.W = shape[-2:] if self.on else (0, 0)
        for name in ("shift", "crop", "cutout"):
            if self.on and getattr(settings, name) >= min(self.H, self.W):
                raise BadInput(
                    f"{place}.augmentation.{name} is {getattr(settings, name)}, which leaves nothing "
                    f"of images of {self.H} x {self.W} pixels to see; take fewer"
                )

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw the changes of so many examples, (N, 7): rows and columns of shift and crop, flip, cutout's centre.

        One kind after the other, each for all examples; what is off draws nothing.
        """
        s = self.settings
        ranges = [(-s.shift, s.shift)] * 2 + [(-s.crop, s.crop)] * 2 + [(0, int(s.flip))]
        ranges += [(0, self.H - 1), (0, self.W - 1)] if s.cutout else [(0, 0)] * 2
        columns = [
            torch.randint(low, high + 1, (count,), generator=generator) if low < high else torch.zeros(count).long()
            for low, high in ranges
        ]
        return torch.stack(columns, 1)

    def __call__(self, x: Tensor, y: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W), and labels (N,) or (N, H, W), as they were drawn (N, 7)."""
        down, right, crop_down, crop_right, flip, centre_row, centre_column = drawn.to(x.device)[:, :, None].unbind(1)
        i, j = torch.arange(self.H, device=x.device), torch.arange(self.W, device=x.device)
        # From a pixel of the result back to where it comes from: (N, H) rows, (N, W) columns.
        rows, columns = i + crop_down, torch.where(flip > 0, self.W - 1 - j, j) + crop_right
        inside = within(rows, self.H)[:, :, None] & within(columns, self.W)[:, None, :]  # (N, H, W)
        rows = reflected(rows.clamp(0, self.H - 1) - down, self.H)[:, :, None]
        columns = reflected(columns.clamp(0, self.W - 1) - right, self.W)[:, None, :]
        examples = torch.arange(len(x), device=x.device)[:, None, None]
        if y.ndim > 1:
            y = y[examples, rows, columns] * inside
        if side := self.settings.cutout:
            across = within(i - centre_row + side // 2, side)[:, :, None]
            inside = inside & ~(across & within(j - centre_column + side // 2, side)[:, None, :])
        # Indices around a slice bring the channels to the end, where convolutions like them in memory.
        moved = x[examples, :, rows, columns] * inside[..., None]  # (N, H, W, C)
        return moved.permute(0, 3, 1, 2), y


def within(index: Tensor, size: int) -> Tensor:
    return (index >= 0) & (index < size)


def reflected(index: Tensor, size: int) -> Tensor:
    """Into 0 ... size - 1, mirrored at the first and the last: -1 becomes 1."""
    index = index.abs()
    return torch.where(index < size, index, 2 * (size - 1) - index)
