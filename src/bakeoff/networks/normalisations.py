"""Normalisations between the layers: of images, and those that use no neighbouring pixels of rows too.

N examples; C, H, W channels, height and width.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.base.settings import BadInput


class BatchNorm(nn.BatchNorm2d):
    """torch's batch norm, for rows (N, C) and images (N, C, H, W).

    Raises:
        BadInput: a training batch is a single row, which has no variance.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 4:
            return super().forward(x)
        if self.training and len(x) == 1:
            raise BadInput(
                "params.yaml: a batch of one row has no variance, and the network's normalisation is 'batch'; take "
                "another normalisation, or a batch size that leaves no row alone at the end of an epoch"
            )
        return super().forward(x[:, :, None, None])[:, :, 0, 0]


class AcrossChannels(nn.Module):
    """x / (k + alpha / n sum of x^2)^beta, summed over the n channels around each, at the same pixel.

    Beyond the first and the last channel there are zeros.
    """

    # nn.LocalResponseNorm sums with avg_pool3d, whose gradient has no deterministic kernel on a GPU.

    def __init__(self, n: int, alpha: float, beta: float, k: float) -> None:
        super().__init__()
        self.n, self.alpha, self.beta, self.k = n, alpha, beta, k

    def forward(self, x: Tensor) -> Tensor:
        C = x.shape[1]
        squares = F.pad(x.square(), (0, 0, 0, 0, self.n // 2, self.n // 2))  # (N, C + n - 1, H, W)
        scale = sum((squares[:, i : i + C] for i in range(1, self.n)), start=squares[:, :C])  # (N, C, H, W)
        return x / (self.k + self.alpha / self.n * scale) ** self.beta


class WithinChannel(nn.Module):
    """x / (k + alpha / n^2 sum of x^2)^beta, summed over the n x n pixels around each, in the same channel.

    Beyond the edges there are zeros.
    """

    def __init__(self, n: int, alpha: float, beta: float, k: float) -> None:
        super().__init__()
        self.n, self.alpha, self.beta, self.k = n, alpha, beta, k

    def forward(self, x: Tensor) -> Tensor:
        means = F.avg_pool2d(x.square(), self.n, stride=1, padding=self.n // 2, count_include_pad=True)
        return x / (self.k + self.alpha * means) ** self.beta


@dataclass(frozen=True)
class Normalisation:
    formula: str
    source: str
    deviations: str
    build: Callable[[int], nn.Module]  # for a number of channels
    shifts: bool  # whether it adds a learnt shift, which makes the bias of the layer before it redundant


NORMALISATIONS = {
    "batch": Normalisation(
        formula="gamma (x - mean) / sqrt(var + 1e-5) + beta,  mean and var over N, H and W, in evaluation running ones:"
        "  running <- 0.9 running + 0.1 batch's",
        source="Ioffe & Szegedy 2015, arXiv:1502.03167",
        deviations="running averages for those of a last pass; var is biased, with N H W, and the running one unbiased",
        build=partial(BatchNorm, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True),
        shifts=True,
    ),
    "lrn_across": Normalisation(
        formula="x / (1 + 1e-4 / 5 sum of x^2 over 5 channels)^0.75",
        source="Krizhevsky, Sutskever & Hinton 2012, section 3.3",
        deviations="alpha / n for alpha, and k = 1 for 2, as in Caffe; placed before the activation, not after it",
        build=lambda _: AcrossChannels(n=5, alpha=1e-4, beta=0.75, k=1.0),
        shifts=False,
    ),
    "lrn_within": Normalisation(
        formula="x / (1 + 1e-4 / 25 sum of x^2 over 5 x 5 pixels)^0.75",
        source="Jia et al. 2014, arXiv:1408.5093: Caffe's WITHIN_CHANNEL",
        deviations="placed before the activation, not after it",
        build=lambda _: WithinChannel(n=5, alpha=1e-4, beta=0.75, k=1.0),
        shifts=False,
    ),
    "none": Normalisation(formula="x", source="", deviations="", build=lambda _: nn.Identity(), shifts=False),
}
