"""A workload for word vectors: neighbouring words are distinguished from random noise words.

T words of text, V words of vocabulary, N examples, C inputs of an example, S noise words.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bakeoff.base.settings import BadInput
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.architectures import Architecture
from bakeoff.embedding.objectives import OBJECTIVES, Scores
from bakeoff.embedding.settings import NotesTrainingSettings
from bakeoff.embedding.windows import Ids, Places, places_of
from bakeoff.training.subset import drawn
from bakeoff.training.workload import Held, cuts

CHUNK = 4096  # examples that an evaluation takes at once


@dataclass(frozen=True)
class Batch:
    inputs: Tensor  # (N, C)
    targets: Tensor  # (N,)
    noise: Tensor  # (S,)


class Neighbours:
    """Neighbouring words against noise words w with probability q proportional to count ^ e.

    An example with inputs c and target t has the hidden vector h = mean_c v_c; the objective compares the scores
    u_t . h and u_w . h, v the vectors of inputs and u those of outputs. An epoch goes over the text once, in random
    order, thinned out again: an occurrence of a word of frequency f stays with probability min(1, sqrt(subsample / f)).
    The last words of the text are held out, unthinned.

    Source: Mikolov et al. 2013, arXiv:1310.4546, equation 5; P(w) in section 2.2.
    Differs: a batch shares `shared` noise words, and their mean stands for the expectation over w.
    """

    def __init__(
        self, corpus: Corpus, architecture: Architecture, settings: NotesTrainingSettings, device: torch.device
    ) -> None:
        """Raises:
        BadInput: the training text or the held-out text is shorter than a window.
        """
        held = round(len(corpus.ids) * settings.validation)
        self.text, self.held = corpus.ids[:-held], corpus.ids[-held:]
        self.architecture, self.settings, self.device = architecture, settings, device
        self.batch_places = max(1, settings.batch_size // architecture.examples)
        shortest = min(held, len(corpus.ids) - held)
        if shortest <= 2 * architecture.window:
            raise BadInput(
                f"params.yaml: embedding.notes.training.validation is {settings.validation}, which parts the "
                f"{len(corpus.ids)} words of text so that one part has {shortest}; a window takes "
                f"{2 * architecture.window + 1}"
            )
        # A word that never occurs is never met: its share of the text is no matter, if only it is not 0.
        frequency = np.maximum(corpus.counts, 1) / corpus.counts.sum()
        thinned = np.minimum(1.0, np.sqrt(settings.subsample / frequency))
        self.stays = thinned if settings.subsample else np.ones_like(frequency)
        self.noise = np.cumsum(corpus.counts**settings.noise_exponent)
        share = np.diff(self.noise, prepend=0) / self.noise[-1]
        # What never occurs is neither target nor noise.
        self.log_noise = torch.from_numpy(np.log(np.where(share > 0, share, 1)).astype(np.float32)).to(device)
        self.objective = OBJECTIVES[settings.objective].loss
        held_places = len(self.held) - 2 * architecture.window
        self.subset = drawn(np.zeros(held_places, int), settings.evaluated(self.expected, held_places))

    @property
    def expected(self) -> int:
        """The expected number of positions after subsampling."""
        return max(1, round(float(self.stays[self.text].sum())) - 2 * self.architecture.window)

    @property
    def steps(self) -> int:
        """The expected number of steps after subsampling."""
        return math.ceil(self.expected / self.batch_places)

    def batches(self, generator: torch.Generator, start: int = 0) -> Iterator[Batch]:
        rng = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        text = self.text[rng.random(len(self.text)) < self.stays[self.text]]
        order = rng.permutation(places_of(text, self.architecture.window))
        for number, first in enumerate(range(0, len(order), self.batch_places)):
            batch = self.batch(text, order[first : first + self.batch_places], self.settings.shared, rng)
            if number >= start:  # the others were drawn all the same: their noise words come before the rest's
                yield batch

    def batch(self, text: Ids, places: Places, noise: int, rng: np.random.Generator) -> Batch:
        inputs, targets = self.architecture.cut(text, places, rng)
        drawn = np.searchsorted(self.noise, rng.random(noise) * self.noise[-1], side="right")
        return Batch(*(torch.from_numpy(ids.astype(np.int64)).to(self.device) for ids in (inputs, targets, drawn)))

    def shards(self, batch: Batch, count: int) -> list[tuple[Batch, int]]:
        """They share the noise words."""
        parts = [
            Batch(batch.inputs[part], batch.targets[part], batch.noise) for part in cuts(len(batch.targets), count)
        ]
        return [(part, len(part.targets)) for part in parts]

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        hidden, output = network(batch.inputs), network.get_parameter("output")  # (N, D), (V, D)
        near = (hidden * F.embedding(batch.targets, output)).sum(1)  # (N,)
        far = hidden @ F.embedding(batch.noise, output).T  # (N, S)
        near_noise, far_noise = self.log_noise[batch.targets], self.log_noise[batch.noise]
        hit = batch.targets[:, None] == batch.noise
        return self.objective(Scores(near, near_noise, far, far_noise, hit, self.settings.negatives))

    def evaluate(self, network: nn.Module, split: Held) -> dict[str, float]:
        """The loss on the held-out text, on the same examples and noise words every time."""
        if split == "test":
            raise ValueError("word vectors have no test text: they are tested on the similarity of words")
        rng = np.random.default_rng(self.settings.seed)
        places = places_of(self.held, self.architecture.window)
        if split == "validation_subset":
            places = places[self.subset]
        whole = self.batch(self.held, places, self.settings.shared, rng)
        network.eval()
        with torch.inference_mode():
            total = 0.0
            for rows in torch.split(torch.arange(len(whole.targets)), CHUNK):
                chunk = Batch(whole.inputs[rows], whole.targets[rows], whole.noise)
                total += self.loss(network, chunk).item() * len(rows)
        return {"loss": total / len(whole.targets)}
