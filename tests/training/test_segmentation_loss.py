"""Losses of labelled pixels against their formulas, pixel by pixel."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples, Split
from bakeoff.training import segmentation_loss, supervised
from bakeoff.training.segmentation_loss import SegmentationLoss, border_weights, class_weights
from bakeoff.training.settings import (
    NO_AUGMENTATION,
    BorderWeightSettings,
    PlanSettings,
    SegmentationSettings,
    plain,
)
from bakeoff.training.supervised import Segmentation

CPU = torch.device("cpu")
CROSS_ENTROPY = {"kind": "cross_entropy"}
DICE = {"kind": "dice", "smooth": 0.5}
BOTH = {"kind": "cross_entropy_dice", "smooth": 2.0}
FOCAL = {"kind": "focal", "gamma": 2.0}
LOSSES: list[dict[str, Any]] = [CROSS_ENTROPY, DICE, BOTH, FOCAL, FOCAL | {"gamma": 0.0}, FOCAL | {"gamma": 0.5}]
BORDER = {"w0": 10.0, "sigma": 2.0}


def settings(loss: dict[str, Any], weights: Any = "none", border: dict[str, float] | None = None) -> Any:
    return SegmentationSettings.model_validate({"loss": loss, "class_weights": weights, "border_weights": border})


def batch(classes: int, seed: int = 0, n: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, classes, 5, 6, generator=generator, dtype=torch.float64)
    return logits, torch.randint(classes, (n, 5, 6), generator=generator)


def loss_of(given: SegmentationSettings, logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> float:
    classes = logits.shape[1]
    weights = class_weights(given, lambda: np.bincount(labels.flatten(), minlength=classes), "abcd"[:classes], "here")
    return SegmentationLoss(given, smoothing, weights.double())(logits, labels).item()


def formula(given: SegmentationSettings, logits: Tensor, labels: Tensor, weights: list[float]) -> float:
    """The loss, with a loop over all pixels."""
    N, K, H, W = logits.shape
    probabilities = np.exp(logits.numpy())
    probabilities /= probabilities.sum(1, keepdims=True)
    border = given.border_weights
    maps = [by_hand(image, border) if border else np.zeros((H, W)) for image in labels.numpy()]
    loss: Any = given.loss
    costs, overlap = [], 0.0
    for n, i, j in product(range(N), range(H), range(W)):
        label = int(labels[n, i, j])
        p = probabilities[n, label, i, j]
        factor = (1 - p) ** loss.gamma if loss.kind == "focal" else 1.0
        costs.append((weights[label] + maps[n][i, j]) * factor * -math.log(p))
    if "dice" in loss.kind:
        for n, k in product(range(N), range(K)):
            truth = labels[n].numpy() == k
            share = probabilities[n, k]
            score = (2 * share[truth].sum() + loss.smooth) / (share.sum() + truth.sum() + loss.smooth)
            overlap += weights[k] * (1 - score) / sum(weights) / N
    return overlap + (0.0 if loss.kind == "dice" else sum(costs) / len(costs))


def by_hand(labels: NDArray[Any], border: BorderWeightSettings) -> NDArray[np.float64]:
    """The border weights, from the distance of each pixel to each pixel of each cell, found by a flood fill."""
    cells: list[list[tuple[int, int]]] = []
    free = {(int(i), int(j)) for i, j in np.argwhere(labels > 0)}
    while free:
        cell, edge = [], [free.pop()]
        while edge:
            i, j = edge.pop()
            cell.append((i, j))
            for near in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                if near in free and labels[near] == labels[i, j]:
                    free.remove(near)
                    edge.append(near)
        cells.append(cell)
    weights = np.zeros(labels.shape)
    for i, j in np.argwhere(labels == 0):
        distances = sorted(min(math.hypot(i - a, j - b) for a, b in cell) for cell in cells)
        if len(distances) > 1:
            weights[i, j] = border.w0 * math.exp(-((distances[0] + distances[1]) ** 2) / (2 * border.sigma**2))
    return weights


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("border", [None, BORDER])
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_a_loss_is_its_formula(
    loss: dict[str, Any], classes: int, weighted: bool, border: dict[str, float] | None
) -> None:
    if loss["kind"] == "dice":
        border = None
    weights = [0.5, 2.0, 1.0, 3.0][:classes]
    given = settings(loss, weights if weighted else "none", border)
    logits, labels = batch(classes)
    expected = formula(given, logits, labels, weights if weighted else [1.0] * classes)
    assert loss_of(given, logits, labels) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("border", [None, BORDER])
def test_a_batch_is_the_mean_of_its_parts(loss: dict[str, Any], border: dict[str, float] | None) -> None:
    """Shards of a batch give the gradient of the whole."""
    given = settings(loss, [0.5, 2.0, 1.0], None if loss["kind"] == "dice" else border)
    logits, labels = batch(3, n=4)
    parts = [loss_of(given, logits[part], labels[part]) for part in (slice(1), slice(1, 4))]
    assert loss_of(given, logits, labels) == pytest.approx((parts[0] + 3 * parts[1]) / 4, rel=1e-12)


def test_without_weights_it_is_the_mean_cross_entropy() -> None:
    logits, labels = batch(3)
    expected = F.cross_entropy(logits, labels).item()
    assert loss_of(settings(CROSS_ENTROPY), logits, labels) == pytest.approx(expected, rel=1e-12)
    assert loss_of(settings(FOCAL | {"gamma": 0.0}), logits, labels) == pytest.approx(expected, rel=1e-12)
    smoothed = F.cross_entropy(logits, labels, label_smoothing=0.2).item()
    assert loss_of(settings(CROSS_ENTROPY), logits, labels, smoothing=0.2) == pytest.approx(smoothed, rel=1e-12)


def test_smoothed_labels_weigh_as_the_label_of_their_pixel() -> None:
    """As torch does where all classes weigh the same, and not otherwise: it weighs each smoothed term by its class."""
    logits, labels = batch(3)
    weights = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
    shares = 0.8 * F.one_hot(labels, 3).movedim(-1, 1).double() + 0.2 / 3
    expected = (weights[labels] * -(shares * logits.log_softmax(1)).sum(1)).mean().item()
    loss = loss_of(settings(CROSS_ENTROPY, weights.tolist()), logits, labels, smoothing=0.2)
    assert loss == pytest.approx(expected, rel=1e-12)
    costs = F.cross_entropy(logits, labels, weight=weights, label_smoothing=0.2, reduction="sum").item()
    assert loss != pytest.approx(costs / labels.numel(), rel=1e-3)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("size", [0.0, 30.0, 200.0])
def test_gradients_stay_finite_where_the_network_is_sure(loss: dict[str, Any], size: float) -> None:
    _, labels = batch(3)
    for truth in (labels, (labels + 1) % 3):
        logits = (size * F.one_hot(labels, 3).movedim(-1, 1)).float().requires_grad_()
        cost = SegmentationLoss(settings(loss), 0.0, torch.ones(3))(logits, truth)
        cost.backward()  # type: ignore[no-untyped-call]
        assert cost.isfinite() and logits.grad is not None and logits.grad.isfinite().all()


@pytest.mark.parametrize("loss", [DICE, BOTH], ids=str)
def test_dice_of_a_perfect_prediction_costs_nothing(loss: dict[str, Any]) -> None:
    """Also where an image has not all classes."""
    labels = torch.zeros(2, 5, 6, dtype=torch.int64)
    labels[0, 2:, 1:] = 1
    logits = 100.0 * F.one_hot(labels, 4).movedim(-1, 1).double()
    assert loss_of(settings(loss), logits, labels) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("sigma", [0.5, 1.5, 5.0])
def test_border_weights_are_those_of_the_two_nearest_cells(seed: int, sigma: float) -> None:
    draw = np.random.default_rng(seed)
    labels = np.where(draw.random((14, 17)) < 0.15, draw.integers(1, 3, (14, 17)), 0).astype(np.uint8)
    border = BorderWeightSettings(w0=10.0, sigma=sigma)
    np.testing.assert_allclose(border_weights(labels, border), by_hand(labels, border), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("w0", [1e-9, 1e-3, 1e6])
def test_only_negligible_border_weights_are_cut(w0: float) -> None:
    """Of a large w0 weights far from the cells count, too."""
    labels = np.zeros((1, 80), np.int64)
    labels[0, [0, -1]] = 1
    border = BorderWeightSettings(w0=w0, sigma=11.0)
    expected = by_hand(labels, border)
    np.testing.assert_allclose(border_weights(labels, border), np.where(expected < 1e-8, 0, expected), rtol=1e-6)


def test_border_weights_are_computed_once_for_each_image(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(labels: NDArray[Any], border: BorderWeightSettings) -> NDArray[np.float32]:
        calls.append(1)
        return border_weights(labels, border)

    monkeypatch.setattr(segmentation_loss, "border_weights", counted)
    given, data = settings(CROSS_ENTROPY, border=BORDER), examples()
    asked = plain(1, 4).model_copy(update={"segmentation": given})
    workload, network, generator = Segmentation(data, asked, CPU), Pixelwise(), torch.Generator()
    fresh = SegmentationLoss(given, 0.0, torch.ones(3))
    for epoch in range(2):
        for batch in workload.batches(generator):
            before = len(calls)
            loss = workload.loss(network, batch)
            assert len(calls) - before == (0 if epoch else len(batch[0]))
            assert torch.equal(loss, fresh(network(batch[0]), batch[1]))
    for changed, kept in ({"flip": True}, None), ({"cutout": 1}, {}):
        augmentation = NO_AUGMENTATION.model_copy(update=changed)
        moved = Segmentation(data, asked.model_copy(update={"augmentation": augmentation}), CPU)
        assert moved.criterion is not None and moved.criterion.kept == kept


@pytest.mark.parametrize("cells", [0, 1])
def test_fewer_than_two_cells_have_no_border(cells: int) -> None:
    labels = np.zeros((9, 9), np.int64)
    labels[2 : 2 + 3 * cells, 2:5] = 1
    assert not border_weights(labels, BorderWeightSettings(w0=10.0, sigma=5.0)).any()


def test_the_narrower_gap_weighs_more() -> None:
    labels = np.zeros((5, 20), np.int64)
    labels[:, :4] = labels[:, 5:9] = labels[:, 14:] = 1
    weights = border_weights(labels, BorderWeightSettings(w0=10.0, sigma=5.0))
    assert weights[2, 4] == pytest.approx(10 * math.exp(-4 / 50))
    assert weights[2, 4] > weights[2, 11] > 0 and weights[2, 2] == 0


class Pixelwise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.tensor([1.0, -1.0, 0.5]).view(3, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel)


def examples(labels: int = 3) -> Examples:
    def split(n: int, seed: int) -> Split:
        draw = np.random.default_rng(seed)
        y = np.minimum(draw.integers(5, size=(n, 4, 4)), labels - 1).astype(np.uint8)
        return Split(draw.integers(256, size=(n, 1, 4, 4), dtype=np.uint8), y)

    return Examples(split(8, 0), split(4, 1), split(4, 2), ("a", "b", "c"))


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("stored", [False, True])
def test_balanced_weights_are_those_of_the_training_data(
    *, refit: bool, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervised, "fits", lambda *_: not stored)
    asked = plain(1, 4).model_copy(update={"segmentation": settings(CROSS_ENTROPY, "balanced")})
    data = examples()
    workload = Segmentation(data, asked, CPU, refit=refit)
    y = np.concatenate([data.train.y, data.validation.y]) if refit else data.train.y
    assert workload.criterion is not None
    assert workload.criterion.weights.tolist() == pytest.approx([y.size / (3 * (y == k).sum()) for k in range(3)])


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_training_minimises_it_and_an_evaluation_stays_the_cross_entropy(loss: dict[str, Any]) -> None:
    given = settings(loss, [1.0, 2.0, 3.0])
    asked = plain(1, 4)
    workload = Segmentation(examples(), asked.model_copy(update={"segmentation": given}), CPU)
    network, bare = Pixelwise(), Segmentation(examples(), asked, CPU)
    x, y = next(iter(workload.batches(torch.Generator())))
    expected = formula(given, network(x).detach().double(), y, [1.0, 2.0, 3.0])
    assert workload.loss(network, (x, y)).item() == pytest.approx(expected, rel=1e-4)
    assert workload.evaluate(network, "test") == bare.evaluate(network, "test")


def test_a_class_without_pixels_cannot_be_balanced() -> None:
    asked = plain(1, 4)
    changed = asked.model_copy(update={"segmentation": settings(CROSS_ENTROPY, "balanced")})
    with pytest.raises(BadInput, match=r"^here\.segmentation\.class_weights is .* no pixel of class 'c'; give a list"):
        Segmentation(examples(2), changed, CPU, place="here")


@pytest.mark.parametrize(
    ("loss", "weights", "border", "message"),
    [
        ({"kind": "hinge"}, "none", None, "hinge"),
        ({"kind": "dice"}, "none", None, "smooth"),
        ({"kind": "focal", "gamma": -1.0}, "none", None, "gamma"),
        ({"kind": "cross_entropy", "gamma": 2.0}, "none", None, "gamma"),
        (CROSS_ENTROPY, "even", None, "invalid class_weights 'even': expected none, balanced, or a list"),
        (CROSS_ENTROPY, [1.0, -1.0], None, "expected none, balanced, or a list"),
        (CROSS_ENTROPY, [math.inf, 1.0], None, "expected none, balanced, or a list"),
        (CROSS_ENTROPY, [0.0, 0.0], None, "all are 0"),
        (CROSS_ENTROPY, "none", {"w0": 10.0, "sigma": 0.0}, "sigma"),
        (DICE, "none", BORDER, "write border_weights: null"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    loss: dict[str, Any], weights: Any, border: dict[str, float] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        settings(loss, weights, border)


@pytest.mark.parametrize("loss", [DICE, FOCAL], ids=str)
def test_smoothed_labels_are_refused_without_a_cross_entropy(loss: dict[str, Any]) -> None:
    values = {name: getattr(plain(1, 4), name) for name in PlanSettings.model_fields}
    with pytest.raises(ValueError, match=r"label_smoothing is 0\.1, and the loss"):
        PlanSettings(**values | {"segmentation": settings(loss), "label_smoothing": 0.1})
