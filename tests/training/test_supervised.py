import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bakeoff.data.examples import Examples, Split
from bakeoff.settings import BadInput
from bakeoff.training import supervised
from bakeoff.training.supervised import Classification, Segmentation, Supervised
from bakeoff.training.workload import Held

CPU = torch.device("cpu")


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
    workload = Classification(examples(("a", "b")), batch_size=5, device=CPU)
    first, again, other = (
        torch.cat([x[:, 0, 0, 0] * 255 for x, _ in workload.batches(torch.Generator().manual_seed(seed))]).round()
        for seed in (0, 0, 1)
    )
    assert first.sort().values.tolist() == list(range(23))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert [len(y) for _, y in workload.batches(torch.Generator())] == [5, 5, 5, 5, 3]


def test_labels_stay_with_their_examples() -> None:
    data = examples(("a", "b"))
    for x, y in Classification(data, 5, CPU).batches(torch.Generator()):
        rows = (x[:, 0, 0, 0] * 255).round().long()
        assert y.tolist() == data.train.y[rows].tolist()


def test_bytes_become_shares_and_floats_stay() -> None:
    data = examples(("a", "b"))
    x, y = Classification(data, 5, CPU).train
    assert x.dtype == torch.float32 and y.dtype == torch.int64
    assert np.array_equal(x.numpy(), data.train.x.astype(np.float32) / 255)

    table = Split(np.array([[300.0, -1.0], [0.5, 2.0]], dtype=np.float32), np.arange(2, dtype=np.uint8))
    kept = Classification(Examples(table, table, table, ("a", "b")), 5, CPU)
    assert kept.train[0].tolist() == [[300.0, -1.0], [0.5, 2.0]] and kept.shape == (2,)


@pytest.mark.parametrize("chunk", [1024, 4])
def test_held_splits_are_measured_whole(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "CHUNK", chunk)
    data = examples(("a", "b", "c"))
    workload = Classification(data, 5, CPU)
    model = network(workload)
    splits: list[tuple[Held, Split]] = [("validation", data.validation), ("test", data.test)]
    for name, held in splits:
        logits = model(torch.tensor(held.x / np.float32(255))).double().numpy()
        wanted = logits[np.arange(len(held.y)), held.y]
        measured = workload.evaluate(model, name)
        assert measured["accuracy"] == pytest.approx((logits.argmax(1) == held.y).mean())
        # Float32 keeps 7 digits.
        assert measured["loss"] == pytest.approx((np.log(np.exp(logits).sum(1)) - wanted).mean(), rel=1e-5)


def test_metrics_of_each_kind_of_task() -> None:
    for classes in (("a", "b"), ("a", "b", "c")):
        workload = Classification(examples(classes), 5, CPU)
        assert workload.evaluate(network(workload), "test").keys() == {"loss", "accuracy", "auc"}


def test_held_data_without_a_class_are_refused() -> None:
    data = examples(("a", "b", "c"))
    named = Examples(data.train, data.validation, data.test, (*data.classes, "d"))
    with pytest.raises(BadInput, match=r"the validation data have no example of class 'd', .*enlarge"):
        Classification(named, 5, CPU)


def test_auc_ranks_by_the_odds_of_the_second_class() -> None:
    workload = Classification(examples(("no", "yes")), 5, CPU)
    logits, y = torch.tensor([[5.0, 4.0], [0.0, 1.0], [9.0, 9.5]]), torch.tensor([0, 1, 1])
    assert workload.measure(logits, y)["auc"] == 1


def test_dice_leaves_the_background_out_of_its_mean() -> None:
    data = examples(("background", "grey", "white"), pixels=(4, 4))
    workload = Segmentation(data, 5, CPU)
    measured = workload.evaluate(network(workload), "validation")
    assert measured.keys() == {"loss", "dice", "dice.grey", "dice.white"}
    assert measured["dice"] == pytest.approx((measured["dice.grey"] + measured["dice.white"]) / 2)

    y = torch.tensor([[[0, 0], [1, 2]]])
    logits = F.one_hot(torch.tensor([[[1, 1], [1, 2]]]), 3).movedim(-1, 1).float()
    assert workload.measure(logits, y) == pytest.approx({"dice": 0.75, "dice.grey": 0.5, "dice.white": 1})
