"""The contenders: each trains a network for as many epochs as it is asked for.

    python -m benchmarks.training.contenders CONTENDER NETWORK

Every one has one thread, the same weights, images, order of the images and optimizer, and its own customs for the rest.
Run by this project's Python (`bakeoff`) and by an environment that has the others.
"""

import copy
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler, TensorDataset

from benchmarks.training.clock import Clock, Ended
from benchmarks.training.networks import BETA, CLASSES, RATE, TRAINED, Trained

Contender = Callable[[Trained], None]
FOREVER = 10**6  # epochs


class Order(Sampler[int]):
    """The order in which `bakeoff` goes through its examples."""

    def __init__(self, size: int) -> None:
        self.size, self.generator = size, torch.Generator().manual_seed(1)

    def __iter__(self) -> Iterator[int]:
        return iter(torch.randperm(self.size, generator=self.generator).tolist())

    def __len__(self) -> int:
        return self.size


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images as torchvision's MNIST and CIFAR10 hand them out with ToTensor: by way of PIL, one at a time."""

    def __init__(self, trained: Trained) -> None:
        x, y = trained.images()
        self.x = x.transpose(0, 2, 3, 1).squeeze(3) if x.shape[1] == 1 else x.transpose(0, 2, 3, 1)
        self.y = y

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(np.ascontiguousarray(self.x[index]))
        pixels = np.array(image, np.uint8, copy=True)
        tensor = torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1).contiguous()
        return tensor.to(torch.float32).div(255), int(self.y[index])

    def __len__(self) -> int:
        return len(self.y)


def tensors(trained: Trained) -> tuple[Tensor, Tensor]:
    x, y = trained.images()
    return torch.from_numpy(x).float() / 255, torch.from_numpy(y).long()


def usual(trained: Trained) -> nn.Module:
    """The network as its users would have it: dense layers of torch's own, and weights in torch's usual layout."""
    network: nn.Module = trained.build().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            layer.__class__ = nn.Linear
    return network


def heavy_ball(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), RATE, momentum=BETA)


def bare(network: nn.Module, trained: Trained) -> dict[str, float]:
    """Seconds of forward, backward and step alone, over batches that lie ready: what no loop can be faster than."""
    network = copy.deepcopy(network).train()
    optimizer = heavy_ball(network)
    x, y = tensors(trained)
    batches = list(zip(x.split(trained.batch), y.split(trained.batch), strict=True))
    started = time.process_time()
    for images, labels in batches:
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return {"seconds": time.process_time() - started}


def bakeoff(trained: Trained) -> None:
    from bakeoff.data.examples import Examples, Split
    from bakeoff.optimizers.registry import OPTIMIZERS
    from bakeoff.training.fit import fit
    from bakeoff.training.settings import plain
    from bakeoff.training.supervised import Classification
    from bakeoff.training.workload import Held
    from benchmarks.training.roofline import roofline

    network, shape = trained.build(), (trained.batch, *trained.shape)
    clock = Clock({"bare": lambda: bare(network, trained), "roofline": lambda: roofline(network, shape)})
    losses: list[Tensor] = []

    class Timed(Classification):
        """Starts the clock before an epoch's batches, and stops it behind their last step."""

        def batches(self, generator: torch.Generator, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
            clock.start()
            yield from super().batches(generator, start)

        def loss(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
            loss = super().loss(network, batch)
            losses.append(loss.detach())
            return loss

        def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:  # noqa: ARG002
            clock.stop()
            clock.tell(losses)
            return {}

    x, y = trained.images()
    held = Split(x[:64], np.arange(64, dtype=np.uint8) % CLASSES)
    # One evaluation an epoch stops the clock.
    settings = plain(epochs=FOREVER, batch_size=trained.batch).model_copy(update={"evaluations": FOREVER})
    workload = Timed(Examples(Split(x, y), held, held, tuple(map(str, range(CLASSES)))), settings, torch.device("cpu"))
    rule = OPTIMIZERS["heavy_ball"]
    optimizer = rule.build(network.parameters(), rule.settings.model_validate({"learning_rate": RATE, "beta": BETA}))
    fit(network, workload, optimizer, settings, generator=torch.Generator().manual_seed(1), watch=lambda _: None)


def loader(trained: Trained, data: Dataset[Any]) -> None:
    """The loop of the PyTorch tutorials."""
    network = usual(trained)
    optimizer = heavy_ball(network)
    criterion = nn.CrossEntropyLoss()
    batches = DataLoader(data, batch_size=trained.batch, sampler=Order(trained.size), num_workers=0)
    clock = Clock({"bare": lambda: bare(network, trained)})
    while True:
        clock.start()
        network.train()
        total = 0.0
        for images, labels in batches:
            optimizer.zero_grad()
            loss = criterion(network(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        clock.stop()
        clock.tell([torch.tensor(total / trained.steps)])


def lightning(trained: Trained) -> None:
    """With everything switched off that a training can do without: logger, checkpoints, bars, checks."""
    import warnings

    from pytorch_lightning import Callback, LightningModule, Trainer

    warnings.filterwarnings("ignore")

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = usual(trained)

        def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
            images, labels = batch
            return F.cross_entropy(self.network(images), labels)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return heavy_ball(self.network)

    class Timed(Callback):
        def on_train_epoch_start(self, *_: Any) -> None:
            clock.start()

            self.losses: list[Tensor] = []

        def on_train_batch_end(self, _trainer: Any, _module: Any, outputs: Any, *_: Any) -> None:
            self.losses.append(outputs["loss"])

        def on_train_epoch_end(self, *_: Any) -> None:
            clock.stop()
            clock.tell(self.losses)

    module = Module()
    clock = Clock({"bare": lambda: bare(module.network, trained)})
    data = DataLoader(TensorDataset(*tensors(trained)), batch_size=trained.batch, sampler=Order(trained.size))
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=FOREVER,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Timed()],
    )
    trainer.fit(module, data)


def keras(trained: Trained) -> None:
    """Keras' own layers on torch, with the weights copied in; its fit() over arrays."""
    os.environ["KERAS_BACKEND"] = "torch"
    from keras import Model, callbacks, losses, optimizers

    from benchmarks.training.keras_networks import translate

    network = trained.build()
    x, y = tensors(trained)
    images = x.permute(0, 2, 3, 1).contiguous().numpy()  # channels last, as Keras has them
    model: Model = translate(network, trained, images[:2])
    model.compile(optimizers.SGD(RATE, momentum=BETA), losses.SparseCategoricalCrossentropy(from_logits=True))
    clock, order = Clock({}), torch.Generator().manual_seed(1)

    class Timed(callbacks.Callback):
        def on_epoch_begin(self, _epoch: int, _logs: Any = None) -> None:
            clock.start()

        def on_epoch_end(self, _epoch: int, logs: Any = None) -> None:
            clock.stop()
            clock.tell([torch.tensor(logs["loss"])])

    while True:
        rows = torch.randperm(len(x), generator=order).numpy()
        model.fit(
            images[rows], y.numpy()[rows], batch_size=trained.batch, shuffle=False, verbose=0, callbacks=[Timed()]
        )


CONTENDERS: dict[str, Contender] = {
    "bakeoff": bakeoff,
    "loader, pictures": lambda trained: loader(trained, Pictures(trained)),
    "loader, tensors": lambda trained: loader(trained, TensorDataset(*tensors(trained))),
    "lightning": lightning,
    "keras": keras,
}


if __name__ == "__main__":
    torch.set_num_threads(1)
    with suppress(Ended):
        CONTENDERS[sys.argv[1]](TRAINED[sys.argv[2]])
