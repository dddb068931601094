"""word2vec in batches, by torch, for a GPU. All updates of a batch start from the same vectors.

Sums over repeated words go by a stable sort, for a GPU's atomic additions come in no order: the same machine gives the
same bytes. Draws are keyed by seed, epoch and place: a training can stop after any round, and go on from there.

P places of a batch, R = 2 W places around each, H inputs of a place (R for skip-gram, 1 for CBOW), N = K + 1 outputs of
a place, V words, D dimensions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.kernels import Ids
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.embedding.windows import offsets
from bakeoff.embedding.word2vec_state import Lesson, State, first, keyed, rate


class Sample(NamedTuple):
    """The examples of a batch.

    Attributes:
        text: (P,) words that were not thinned out; a place is an index of it.
        around: (P, R) whether the place at each of the offsets is in the window.
        targets: (P, N) the place's own word, then noise.
        counted: (P, N) whether it is the first of its kind in its row: a noise word counts once, the true one never.
    """

    text: Tensor
    around: Tensor
    targets: Tensor
    counted: Tensor


class Moves(NamedTuple):
    """The update of a batch, in which a word may occur more than once.

    Attributes:
        rows: (M,) words.
        sums: (M, D) how far each goes.
        changes: (M,) in how many steps.
    """

    rows: Tensor
    sums: Tensor
    changes: Tensor


class Batches:
    """A course on one device."""

    def __init__(
        self, corpus: Corpus, architecture: ArchitectureName, settings: Word2vecSettings, device: torch.device
    ) -> None:
        """Raises:
        BadInput: the text does not do.
        """
        self.lesson, self.settings = Lesson(corpus, architecture, settings), settings
        self.architecture, self.device = architecture, device
        self.longest = len(self.lesson.text)
        self.shape = (2, len(corpus.counts), settings.dimension)
        self.offsets = torch.from_numpy(offsets(settings.window)).to(device)
        self.sure, self.other = (torch.from_numpy(table).to(device) for table in self.lesson.language[1:])
        self.stays, self.whole = (
            torch.from_numpy(share).to(device) for share in (self.lesson.language.stays, self.lesson.whole)
        )

    def start(self) -> State:
        return first(self.shape, self.settings.dimension, self.settings.seed)

    @contextmanager
    def at(self, state: State) -> Iterator[Self]:
        self.inputs, self.outputs = torch.from_numpy(state.vectors.copy()).to(self.device).unbind()
        yield self

    def round(self, state: State) -> int:
        """Trains on the next words, batch by batch."""
        stop = min(state.offset + self.settings.round, self.longest)
        losses, examples = [], []
        for start in range(state.offset, stop, self.settings.gpu.batch):
            ids = self.lesson.text[start : min(start + self.settings.gpu.batch, stop)]
            sample = self.draw(ids, self.stays, keyed(self.settings.seed, 1, state.epoch, start))
            loss, count, to_inputs, to_outputs = self.step(sample)
            rate = self.rate(state.epoch, start + len(ids) / 2)
            add(self.inputs, to_inputs, rate, self.settings.gpu.damping)
            add(self.outputs, to_outputs, rate, self.settings.gpu.damping)
            losses.append(loss)
            examples.append(count)
        state.loss += torch.stack(losses).sum().item()
        state.examples += int(torch.stack(examples).sum().item())
        if not (self.inputs.isfinite().all() & self.outputs.isfinite().all()).item():
            raise FloatingPointError("a vector is no longer finite")
        words, state.offset = stop - state.offset, state.offset + self.settings.round
        return words

    def draw(self, ids: Ids, stays: Tensor, key: np.uint64) -> Sample:
        generator = torch.Generator(self.device).manual_seed(int(key))

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, device=self.device)

        def below(n: int, *shape: int) -> Tensor:
            return torch.randint(n, shape, generator=generator, device=self.device)

        text = torch.from_numpy(ids.astype(np.int64)).to(self.device)
        text = text[uniform(len(text)) < stays[text]]
        P = len(text)
        at = torch.arange(P, device=self.device)[:, None] + self.offsets  # (P, R)
        reach = 1 + below(self.settings.window, P, 1)
        around = (self.offsets.abs() <= reach) & (at >= 0) & (at < P)
        noise = below(len(self.sure), P, self.settings.negatives)
        noise = torch.where(uniform(*noise.shape) < self.sure[noise], noise, self.other[noise].long())
        targets = torch.cat([text[:, None], noise], dim=1)
        earlier = (targets[:, :, None] == targets[:, None, :]).tril(-1).any(dim=2)
        return Sample(text, around, targets, ~earlier)

    def step(self, sample: Sample) -> tuple[Tensor, Tensor, Moves, Moves]:
        """Return the sum of the losses, the number of examples, and the updates of inputs and outputs at rate 1.

        Of an example with input x and outputs u_k, the first of them true: L = - sum_k log s(sign_k u_k . x).
        """
        text, around, targets, counted = sample
        P, R = around.shape
        x, u = self.inputs[text], self.outputs[targets]  # (P, D), (P, N, D)
        at = torch.arange(P, device=self.device)[:, None]
        near = x[(at + self.offsets).clamp(0, max(P - 1, 0))]  # (P, R, D)
        if self.architecture == "skipgram":
            hidden, valid = near, around  # (P, H, D), (P, H)
        else:
            words = around.sum(dim=1, keepdim=True)  # (P, 1)
            hidden = (around[:, None].to(x.dtype) @ near) / words.clamp(min=1)[:, :, None]
            valid = words > 0
        scores = hidden @ u.transpose(1, 2)  # (P, H, N)
        label = torch.zeros(targets.shape[1], device=self.device)
        label[0] = 1
        matters = (valid[:, :, None] & counted[:, None]).to(x.dtype)  # (P, H, N)
        losses = F.softplus(scores * (1 - 2 * label)) * matters
        pulls = (label - scores.sigmoid()) * matters
        # CBOW moves each word of the mean by the whole gradient of the mean.
        to_near = (pulls @ u).expand(-1, R, -1) * around[:, :, None]  # (P, R, D)
        to_outputs = pulls.transpose(1, 2) @ hidden  # (P, N, D)
        # A position is an input of its neighbours: at offset r from position i is position i + r.
        users = at - self.offsets  # (P, R)
        exists = (users >= 0) & (users < P)
        users, which = users.clamp(0, max(P - 1, 0)), torch.arange(R, device=self.device)
        to_inputs = (to_near[users, which] * exists[:, :, None]).sum(dim=1)  # (P, D)
        changes = (around[users, which] & exists).sum(dim=1)
        uses = valid.sum(dim=1, keepdim=True) * counted
        return (
            losses.sum(dtype=torch.float64),
            valid.sum(),
            Moves(text, to_inputs, changes),
            Moves(targets.flatten(), to_outputs.flatten(0, 1), uses.flatten()),
        )

    def fetch(self, state: State) -> None:
        np.copyto(state.vectors, torch.stack([self.inputs, self.outputs]).cpu().numpy())

    def validate(self, state: State) -> float:  # noqa: ARG002  the vectors are here
        loss, examples = 0.0, 0
        for start in range(0, len(self.lesson.held), self.settings.gpu.batch):
            ids = self.lesson.held[start : start + self.settings.gpu.batch]
            lost, count, *_ = self.step(self.draw(ids, self.whole, keyed(self.settings.seed, 0, 0, start)))
            loss, examples = loss + lost.item(), examples + int(count.item())
        return loss / max(examples, 1)

    def done(self, state: State) -> int:
        return state.epoch * self.longest + min(state.offset, self.longest)

    def rate(self, epoch: int, offset: float) -> float:
        """Return the learning rate after a number of words of the text."""
        return rate(self.lesson.first_rate, (epoch + min(offset / self.longest, 1)) / self.settings.epochs)


def add(table: Tensor, moves: Moves, rate: float, damping: float) -> None:
    """Adds the moves, times the rate, to a table (V, D): those of one word first to each other, in their order.

    Moves that start from the same vector overshoot together where one after the other would each go part of the way:
    a word changed n times goes the share of their sum that kernels.damping says, for n shards with one change each.
    """
    order = moves.rows.argsort(stable=True)
    rows, counts = moves.rows[order].unique_consecutive(return_counts=True)  # type: ignore[no-untyped-call]
    starts = counts.cumsum(0) - counts
    sums = F.embedding_bag(order, moves.sums, starts, mode="sum")
    if damping:
        n = F.embedding_bag(order, moves.changes.double()[:, None], starts, mode="sum").clamp(min=1)
        left = 1 / (1 + rate * damping)
        sums = sums * ((1 - left**n) / (n * (1 - left))).to(sums.dtype)
    table[rows] += rate * sums
