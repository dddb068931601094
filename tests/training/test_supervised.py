import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples, Split
from bakeoff.training import supervised
from bakeoff.training.settings import NO_AUGMENTATION, plain
from bakeoff.training.supervised import Classification, Segmentation, Supervised
from bakeoff.training.workload import Held

CPU = torch.device("cpu")
FIVES = plain(epochs=1, batch_size=5)


def split(n: int, seed: int, classes: int, pixels: tuple[int, ...] = ()) -> Split:
    """Images of 4 x 4 pixels whose first pixel is their number, with one label each or one a pixel."""
    draw = np.random.default_rng(seed)
    x = draw.integers(256, size=(n, 1, 4, 4), dtype=np.uint8)
    x[:, 0, 0, 0] = np.arange(n)
    y = draw.integers(classes, size=(n, *pixels), dtype=np.uint8)
    y[0] = 0
    y[1] = 1
    return Split(x, y)


def examples(classes: tuple[str, ...], pixels: tuple[int, ...] = ()) -> Examples:
    train, validation, test = (split(n, seed, len(classes), pixels) for seed, n in enumerate((23, 9, 11)))
    return Examples(train=train, validation=validation, test=test, classes=classes)


def network(workload: Supervised) -> nn.Module:
    kernel = torch.randn(len(workload.classes), 1, 1, 1, generator=torch.Generator().manual_seed(0))

    class Pixelwise(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits = F.conv2d(x, kernel)
            return logits if isinstance(workload, Segmentation) else logits.mean((2, 3))

    return Pixelwise()


def test_an_epoch_holds_every_example_once_in_an_order_of_the_seed() -> None:
    workload = Classification(examples(("a", "b")), FIVES, CPU)
    first, again, other = (
        torch.cat([x[:, 0, 0, 0] * 255 for x, _ in workload.batches(torch.Generator().manual_seed(seed))]).round()
        for seed in (0, 0, 1)
    )
    assert first.sort().values.tolist() == list(range(23))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert [len(y) for _, y in workload.batches(torch.Generator())] == [5, 5, 5, 5, 3]


@pytest.mark.parametrize(
    ("size", "sizes"), [(1, [1] * 23), (5, [5, 5, 5, 5, 3]), (23, [23]), (24, [23]), ("full", [23])]
)
def test_batches_are_of_the_size_that_is_asked_for(size: Any, sizes: list[int]) -> None:
    workload = Classification(examples(("a", "b")), plain(1, size), CPU)
    assert [len(y) for _, y in workload.batches(torch.Generator())] == sizes
    assert workload.steps == len(sizes)


def test_an_epoch_goes_on_where_it_was_left() -> None:
    workload = Classification(examples(("a", "b")), FIVES, CPU)
    whole, rest = (list(workload.batches(torch.Generator().manual_seed(0), start)) for start in (0, 2))
    assert [x.tolist() for x, _ in rest] == [x.tolist() for x, _ in whole[2:]]


@pytest.mark.parametrize("start", range(6))
@pytest.mark.parametrize("ahead", [1, 3, 100])
def test_batches_are_the_same_however_many_are_prepared_together(
    ahead: int, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = NO_AUGMENTATION.model_copy(update={"shift": 1, "flip": True})
    workload = Classification(examples(("a", "b")), FIVES.model_copy(update={"augmentation": changed}), CPU)

    def batches(together: int, first: int) -> list[tuple[Tensor, Tensor]]:
        monkeypatch.setattr(supervised, "AHEAD", together * 5 * 16)
        return list(workload.batches(torch.Generator().manual_seed(0), first))

    expected, whole, found = batches(1, 0)[start:], batches(ahead, 0)[start:], batches(ahead, start)
    assert len(found) == 5 - start
    for (x, y), (x_expected, y_expected) in zip(found, expected, strict=True):
        assert torch.equal(x, x_expected) and torch.equal(y, y_expected)
        assert x.stride() == x_expected.stride()
    places = [[x.storage_offset() for x, _ in some] for some in (whole, found)]
    assert places[0] == places[1]  # kernels may round by how their arguments are aligned


def test_smoothed_labels_give_each_class_its_share() -> None:
    data = examples(("a", "b", "c"))
    workload = Classification(data, FIVES.model_copy(update={"label_smoothing": 0.3}), CPU)
    model = network(workload)
    for x, y in workload.batches(torch.Generator()):
        shares = model(x).double().log_softmax(1)
        target = np.full((len(y), 3), 0.1)
        target[range(len(y)), y] += 0.7
        expected = -(target * shares.numpy()).sum(1).mean()
        assert workload.loss(model, (x, y)).item() == pytest.approx(expected, rel=1e-5)  # float32
    unsmoothed = Classification(data, FIVES, CPU)
    assert workload.evaluate(model, "validation") == unsmoothed.evaluate(model, "validation")


def test_labels_stay_with_their_examples() -> None:
    data = examples(("a", "b"))
    for x, y in Classification(data, FIVES, CPU).batches(torch.Generator()):
        rows = (x[:, 0, 0, 0] * 255).round().long()
        assert y.tolist() == data.train.y[rows].tolist()


def test_bytes_become_shares_and_floats_stay() -> None:
    data = examples(("a", "b"))
    x, y = Classification(data, FIVES, CPU).train
    assert x.dtype == torch.float32 and y.dtype == torch.int64
    assert np.array_equal(x.numpy(), data.train.x.astype(np.float32) / 255)

    table = Split(np.array([[300.0, -1.0], [0.5, 2.0]], dtype=np.float32), np.arange(2, dtype=np.uint8))
    kept = Classification(Examples(table, table, table, ("a", "b")), FIVES, CPU)
    assert kept.train[0].tolist() == [[300.0, -1.0], [0.5, 2.0]] and kept.shape == (2,)


@pytest.mark.parametrize("chunk", [1024, 4])
def test_held_splits_are_measured_whole(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "CHUNK", chunk)
    data = examples(("a", "b", "c"))
    workload = Classification(data, FIVES, CPU)
    model = network(workload)
    splits: list[tuple[Held, Split]] = [("validation", data.validation), ("test", data.test)]
    for name, held in splits:
        logits = model(torch.tensor(held.x / np.float32(255))).double().numpy()
        wanted = logits[np.arange(len(held.y)), held.y]
        measured = workload.evaluate(model, name)
        assert measured["accuracy"] == pytest.approx((logits.argmax(1) == held.y).mean())
        # Float32 keeps 7 digits.
        assert measured["loss"] == pytest.approx((np.log(np.exp(logits).sum(1)) - wanted).mean(), rel=1e-5)


def test_a_refit_goes_through_training_and_validation_examples() -> None:
    data = examples(("a", "b"))
    workload = Classification(data, FIVES, CPU, refit=True)
    batches = list(workload.batches(torch.Generator().manual_seed(0)))
    seen = sorted(
        (x.flatten().tolist(), int(label)) for images, y in batches for x, label in zip(images, y, strict=True)
    )
    both = [
        (part.x[i].astype(np.float32) / 255, part.y[i])
        for part in (data.train, data.validation)
        for i in range(len(part.y))
    ]
    assert seen == sorted((x.flatten().tolist(), int(y)) for x, y in both)
    assert workload.steps == len(batches) == 7  # 23 + 9, by fives
    model = network(workload)
    assert workload.evaluate(model, "validation") == {}
    assert workload.evaluate(model, "test") == Classification(data, FIVES, CPU).evaluate(model, "test")


def test_a_refit_needs_no_class_among_the_validation_data() -> None:
    data = examples(("a", "b", "c"))
    lacking = Split(data.validation.x, np.zeros_like(data.validation.y))
    without = Examples(data.train, lacking, data.test, data.classes)
    assert Classification(without, FIVES, CPU, refit=True).steps == 7
    with pytest.raises(BadInput, match="the validation data have no example of class 'b'"):
        Classification(without, FIVES, CPU)


def test_metrics_of_each_kind_of_task() -> None:
    for classes in (("a", "b"), ("a", "b", "c")):
        workload = Classification(examples(classes), FIVES, CPU)
        assert workload.evaluate(network(workload), "test").keys() == {"loss", "accuracy", "auc"}


def test_held_data_without_a_class_are_refused() -> None:
    data = examples(("a", "b", "c"))
    named = Examples(data.train, data.validation, data.test, (*data.classes, "d"))
    with pytest.raises(BadInput, match=r"the validation data have no example of class 'd', .*enlarge"):
        Classification(named, FIVES, CPU)


def test_auc_ranks_by_the_odds_of_the_second_class() -> None:
    workload = Classification(examples(("no", "yes")), FIVES, CPU)
    logits, y = torch.tensor([[5.0, 4.0], [0.0, 1.0], [9.0, 9.5]]), torch.tensor([0, 1, 1])
    assert workload.measure([(logits, y)])["auc"] == 1


def test_dice_leaves_the_background_out_of_its_mean() -> None:
    data = examples(("background", "grey", "white"), pixels=(4, 4))
    workload = Segmentation(data, FIVES, CPU)
    measured = workload.evaluate(network(workload), "validation")
    classes = {f"{metric}.{name}" for metric in ("dice", "iou") for name in ("grey", "white")}
    assert measured.keys() == {"loss", "dice", "iou", "pixel_error"} | classes
    assert measured["dice"] == pytest.approx((measured["dice.grey"] + measured["dice.white"]) / 2)

    y = torch.tensor([[[0, 0], [1, 2]]])
    logits = F.one_hot(torch.tensor([[[1, 1], [1, 2]]]), 3).movedim(-1, 1).float()
    loss = math.log(math.e + 2) - 0.5  # the logit of the label is 1 at two pixels of four
    expected = {"loss": loss, "dice": 0.75, "dice.grey": 0.5, "dice.white": 1}
    expected |= {"iou": 2 / 3, "iou.grey": 1 / 3, "iou.white": 1, "pixel_error": 0.5}
    assert workload.measure([(logits, y)]) == pytest.approx(expected)
    halves = [(logits[..., :1, :], y[:, :1]), (logits[..., 1:, :], y[:, 1:])]
    assert workload.measure(halves) == pytest.approx(expected)

    every = Segmentation(replace(data, background=False), FIVES, CPU).measure([(logits, y)])
    more = {"dice": 0.5, "dice.background": 0.0, "iou": 4 / 9, "iou.background": 0.0}
    assert every == pytest.approx(expected | more)
