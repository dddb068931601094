"""A learner in a file, with the encoder, the classes and the target that its rows need: it takes up any stream.

One .safetensors file: what is no array stands under one key of its metadata, as JSON. Equal learners, equal bytes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bakeoff.base import files
from bakeoff.base.quoting import listed
from bakeoff.base.settings import BadInput, Settings, faults
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.table.settings import TargetSettings
from bakeoff.online.kernels import Weights
from bakeoff.online.learner import Learner, Rule
from bakeoff.online.window import Window

CARD = "learner"  # the key of the metadata


class Card(Settings):
    """The metadata of a file; another version is refused."""

    version: Literal[1]
    rule: Rule
    encoder: Encoder
    classes: tuple[str, ...]
    target: TargetSettings


@dataclass
class Stored:
    """A learner, its encoder, and its position in the stream.

    Attributes:
        target: how a row says its class.
        window: None before the first stream.
        rows: of the stream.
    """

    encoder: Encoder
    classes: tuple[str, ...]
    target: TargetSettings
    learner: Learner
    window: Window | None = None
    rows: int = 0

    def save(self, path: Path) -> None:
        card = Card(
            version=1, rule=self.learner.rule, encoder=self.encoder, classes=self.classes, target=self.target
        ).model_dump_json()
        arrays = {"step": np.array(self.learner.step), "rows": np.array(self.rows)}
        arrays |= {f"weights.{name}": array for name, array in self.learner.weights._asdict().items()}
        if self.window is not None:
            arrays |= {f"window.{name}": array for name, array in self.window._asdict().items()}
        save_file(arrays, path, metadata={CARD: card})

    def replace(self, path: Path) -> None:
        """Write the file at once and whole: whatever ends the program leaves this one or the one before."""
        files.replace(path, self.save)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a stored learner.

        Raises:
            BadInput: it is missing, is damaged, or is something else.
        """
        try:
            with safe_open(path, framework="np") as file:
                text = (file.metadata() or {}).get(CARD)
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no dict
        except (OSError, SafetensorError) as error:
            raise BadInput(f"{path}: {' '.join(str(error).split())}; `dvc repro train_online` makes learners") from None
        if text is None:
            raise BadInput(f"{path}: is not a learner; name a file of models/online")
        try:
            card = Card.model_validate_json(text)
        except ValidationError as error:
            if any(problem["loc"] in (("version",), ("encoder", "version")) for problem in error.errors()):
                raise BadInput(
                    f"{path}: was written by another version of bakeoff; `dvc repro train_online` makes learners, and "
                    "a state that follows a stream begins again once its file is removed"
                ) from None
            raise BadInput(f"{path}: {listed(faults(error, Card))}; `dvc repro train_online` makes it again") from None
        weights = Weights(*(arrays[f"weights.{name}"] for name in Weights._fields))
        learner = Learner.of(card.rule, card.encoder, weights, int(arrays["step"]))
        there = "window.counts" in arrays
        window = Window(*(arrays[f"window.{name}"] for name in Window._fields)) if there else None
        return cls(card.encoder, card.classes, card.target, learner, window, int(arrays["rows"]))
