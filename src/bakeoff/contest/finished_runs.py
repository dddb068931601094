"""Finished trainings on disk: an interrupted cell resumes from them, and workers return results by them."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from safetensors.torch import load, save
from torch import Tensor

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.disk import CHECKPOINTS
from bakeoff.base.distributed import leads
from bakeoff.base.record import Run
from bakeoff.training.parallel import meet


@dataclass(frozen=True)
class Trained:
    """A run, and the weights of its network if they are asked for."""

    run: Run
    weights: Mapping[str, Tensor]


class FinishedRuns:
    """The folder of a cell: a file for each training that has ended, a checkpoint for each that has not.

    A context for all processes of the stage. The stage removes the folder when its outputs stand, and with it what
    other settings or code of the stage have left.
    """

    def __init__(self, stage: str, digest: str, folder: Path = CHECKPOINTS) -> None:
        """Args:
        digest: sha256 of settings, inputs and code; states of another digest are not read.
        """
        self.stage, self.digest, self.folder = stage, digest, folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            meet()  # wait until each process has read its files

    def __getitem__(self, name: str) -> Trained:
        """Return a finished training.

        Raises:
            KeyError: it has not ended.
        """
        if (trained := self.get(name)) is None:
            raise KeyError(name)
        return trained

    def get(self, name: str) -> Trained | None:
        """Return the training of this name; None if it has not ended, or if its file is damaged."""
        payload = self.ended(name).load()
        if payload is None:
            return None
        first, _, rest = payload.partition(b"\n")
        return Trained(Run(**json.loads(first)), load(rest))

    def save(self, name: str, trained: Trained) -> None:
        """Save a finished training. If several processes share it, the first writes and the others wait."""
        if leads():
            run = json.dumps(dataclasses.asdict(trained.run)).encode()
            self.ended(name).save(run, b"\n", save(dict(trained.weights)))
        meet()

    @contextmanager
    def checkpoint(self, name: str) -> Iterator[Checkpoint]:
        """Yield the checkpoint of a running training, with signals deferred; remove it when the result is saved."""
        checkpoint = self.checkpoints().run(name)
        checkpoint.signals.hold()
        try:
            yield checkpoint
        finally:
            checkpoint.signals.release()
        checkpoint.discard()
        checkpoint.signals.deliver()

    def ended(self, name: str) -> Checkpoint:
        return self.checkpoints().run(f"{name}.ended")

    def checkpoints(self) -> Checkpoint:
        return Checkpoint(self.stage, self.digest, self.folder)
