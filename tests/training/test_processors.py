"""The same training gives the same bytes on another processor.

The processor is emulated. Run as a script, this file prints what a processor makes of each training.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bakeoff.base import settings

HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    name: section["defaults"]
    for name, section in settings.load(Path(__file__).parents[2] / "params.yaml")["optimizers"].items()
}
NETWORKS: dict[str, dict[str, Any]] = {
    "softmax": {"initial_sigma": 0.01},
    "mlp": {"hidden": [16], "normalisation": "batch", "activation": "relu", "initialisation": "he", "dropout": 0.2},
    "cnn": {
        "channels": [8, 16],
        "kernel": 3,
        "hidden": 16,
        "normalisation": "none",
        "activation": "tanh",
        "initialisation": "he",
        "dropout": 0.2,
    },
    "resnet": {
        "depth": 8,
        "channels": 8,
        "shortcut": "projection",
        "normalisation": "batch",
        "activation": "gelu",
        "initialisation": "he",
    },
    "wide_resnet": {
        "depth": 10,
        "widening": 1,
        "dropout": 0.3,
        "normalisation": "lrn_across",
        "activation": "relu",
        "initialisation": "xavier",
    },
    "unet": {
        "channels": 8,
        "depth": 2,
        "activation": "softplus",
        "padding": "same",
        "up": "nearest",
        "normalisation": "none",
        "dropout": 0.0,
        "residual": False,
        "skips": True,
        "initialisation": "he",
    },
}
# Every optimizer with the MLP, every network with Adam; Muon once more, for it makes matrices of kernels; RAdam only
# takes its root from the fifth step on. Two steps take a network through all that it computes.
TRAININGS = [("mlp", name) for name in HYPERPARAMETERS] + [(name, "adam") for name in NETWORKS] + [("cnn", "muon")]
STEPS = {name: 6 if name == "mlp" else 2 for name in NETWORKS}
# N x D x K of dense layers just large enough for OpenBLAS: a D that it computes in three parts, and more rows than it
# takes at once; with remainders of its tiles on all sides.
LAYERS = [(9, 785, 75), (1031, 51, 10)]


def dense() -> Iterator[tuple[str, str]]:
    """The size of each layer, with a hash of its output and of all its gradients."""
    import torch

    from bakeoff.networks.dense import by_numpy
    from bakeoff.networks.layers import linear

    for N, D, K in LAYERS:
        generator = torch.Generator().manual_seed(0)
        layer = linear(D, K, 0.1, generator)
        x = torch.randn(N, D, generator=generator).requires_grad_()
        assert by_numpy(x, layer.weight, layer.bias)
        y = layer(x)
        y.backward(torch.randn(N, K, generator=generator))
        assert x.grad is not None
        assert layer.weight.grad is not None
        digest = hashlib.sha256()
        for part in (y, x.grad, layer.weight.grad, layer.bias.grad):
            digest.update(part.detach().numpy().tobytes())
        yield f"dense layer {N} x {D} x {K}", digest.hexdigest()[:16]


def augmented() -> str:
    """Return a hash of images and labels that were changed in every way."""
    import torch

    from bakeoff.training.augmentation import Augmentation
    from bakeoff.training.settings import AugmentationSettings

    asked = {"shift": 2, "crop": 2, "flip": True, "cutout": 5, "rotation": 180.0}
    asked |= {"elastic": {"sigma": 2.0, "grid": 3}, "intensity": {"gain": 0.2, "offset": 0.2}, "window": 20}
    augment = Augmentation(AugmentationSettings.model_validate(asked), (2, 33, 35))
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(50, 2, 33, 35, generator=generator), torch.randint(3, (50, 33, 35), generator=generator)
    changed, labels = augment(x, y, augment.draw(50, generator))
    both = changed.contiguous().numpy().tobytes() + labels.contiguous().numpy().tobytes()
    return hashlib.sha256(both).hexdigest()[:16]


def trainings() -> Iterator[tuple[str, str]]:
    """What is trained, with a hash of its weights after a few steps."""
    import torch
    import torch.nn.functional as F

    from bakeoff.networks import registry as networks
    from bakeoff.optimizers import registry as optimizers
    from bakeoff.optimizers.evaluation import settle
    from bakeoff.optimizers.regularisation import Regularisation
    from bakeoff.optimizers.schedules import Cosine, factor
    from bakeoff.optimizers.settings import RegularisationSettings

    schedule = Cosine(kind="cosine", warmup=0.3, end=0.0)
    penalties = RegularisationSettings(l1=1e-4, l2=1e-3, weight_decay=0.1, clip=0.5)
    assert HYPERPARAMETERS.keys() == optimizers.OPTIMIZERS.keys() and NETWORKS.keys() == networks.NETWORKS.keys()
    for model, optimizer in TRAININGS:
        generator = torch.Generator().manual_seed(0)
        shape = (1, 17, 17)
        spec, rule = networks.NETWORKS[model], optimizers.OPTIMIZERS[optimizer]
        network = spec.build(spec.settings.model_validate(NETWORKS[model]), shape, 3, generator)
        hyperparameters = rule.settings.model_validate(HYPERPARAMETERS[optimizer] | {"learning_rate": 0.01})
        update = rule.build(network.parameters(), hyperparameters)
        regularisation = Regularisation(network.parameters(), penalties)
        for step in range(STEPS[model]):
            rate = update.param_groups[0]["lr"] = 0.01 * factor(schedule, step, STEPS[model])
            x = torch.rand(8, *shape, generator=generator)
            logits = network(x)
            update.zero_grad()
            labels = torch.randint(3, (8, *logits.shape[2:]), generator=generator)
            F.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
            regularisation.gradients()
            regularisation.decay(rate)
            update.step()
        settle(update)
        digest = hashlib.sha256()
        for weight in network.state_dict().values():
            digest.update(weight.contiguous().numpy().tobytes())
        yield f"{model} under {optimizer}", digest.hexdigest()[:16]


@pytest.mark.emulated
@pytest.mark.parametrize("processor", ["Haswell", "EPYC-Rome"])  # MKL asks for the maker
def test_weights_are_the_same_on_another_processor(processor: str, printed: Callable[..., list[str]]) -> None:
    here = printed()
    assert len(here) == len(TRAININGS) + len(LAYERS) + 1
    assert printed(processor) == here


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import pipeline  # noqa: F401  sets the environment that makes bytes equal

    for training, bytes_ in trainings():
        print(training, bytes_)
    for layer, bytes_ in dense():
        print(layer, bytes_)
    print("augmentation", augmented())
