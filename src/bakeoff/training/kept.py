"""Trainings of a cell that have ended, as files: for a cell that is stopped, and from workers to the process above."""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from safetensors.torch import load, save
from torch import Tensor

from bakeoff.record import Run

CHECKPOINTS = Path(".checkpoints")


@dataclass(frozen=True)
class Trained:
    """A run, and the weights of its network if they are asked for."""

    run: Run
    weights: Mapping[str, Tensor]


class Kept:
    """The folder of a cell: a file for each training that has ended, a checkpoint for each that has not.

    A context: the folder goes when that ends well, and what other settings or code of the stage have left with it.
    """

    def __init__(self, stage: str, recipe: str, folder: Path = CHECKPOINTS) -> None:
        """Args:
        recipe: sha256 of settings, inputs and code: what another recipe left is none of ours.
        """
        self.stage, self.recipe, self.folder = stage, recipe, folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            shutil.rmtree(self.folder / self.stage, ignore_errors=True)

    def __getitem__(self, name: str) -> Trained:
        """Raises:
        KeyError: it has not ended.
        """
        if (trained := self.get(name)) is None:
            raise KeyError(name)
        return trained

    def get(self, name: str) -> Trained | None:
        """The training of that name; None if it has not ended, or if the bytes are not those that were written."""
        path = self.path(name)
        whole = path.read_bytes() if path.exists() else b""
        digest, payload = whole[:32], whole[32:]
        if hashlib.sha256(payload).digest() != digest:
            return None
        first, _, rest = payload.partition(b"\n")
        return Trained(Run(**json.loads(first)), load(rest))

    def save(self, name: str, trained: Trained) -> None:
        run = json.dumps(dataclasses.asdict(trained.run)).encode()
        payload = run + b"\n" + save(dict(trained.weights))
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(".partial")
        written.write_bytes(hashlib.sha256(payload).digest() + payload)
        written.replace(path)

    def path(self, name: str) -> Path:
        return self.folder / self.stage / self.recipe / f"{name}.ended"
