"""The sampler of the program word2vec: fast, on the processor's cores or on a GPU."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch

from bakeoff.base.budget import budgeted
from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.batches import Batches
from bakeoff.embedding.sampler import Fitted
from bakeoff.embedding.settings import ArchitectureName, Word2vecSettings
from bakeoff.embedding.shards import Shards
from bakeoff.embedding.word2vec_state import Course, State
from bakeoff.training.device import resolve
from bakeoff.training.fit import Watch
from bakeoff.training.settings import Device, RunSettings


@dataclass(frozen=True)
class Word2vec:
    """Negative sampling with windows of drawn size and thinned frequent words; unknown words are left out of the text.

    For a place with word t, noise words w_1 ... w_K, and of the words around it an input x (skip-gram: the vector of
    each of them; CBOW: their mean), one step of gradient descent on

        L = - log s(u_t . x) - sum_k log s(- u_wk . x),   s(z) = 1 / (1 + exp(-z)).

    Words come in the order of the text, and the learning rate falls linearly. The last part of the text is held out.

    Source: Mikolov, Sutskever, Chen, Corrado & Dean 2013, arXiv:1310.4546, equation 4, and the program word2vec.
    Differs: the noise is drawn once a place and without repetition, and shared by the inputs around it, as in Ji,
    Satish, Li & Dubey 2016, arXiv:1604.04661; windows end where rounds do. Each word of CBOW's mean moves by the whole
    gradient of the mean: so does the program. On a GPU the words of a batch learn side by side, and noise that is drawn
    twice for a place counts once: other vectors than a processor's.

    Attributes:
        threads: change the speed alone; None takes all cores.
    """

    architecture: ArchitectureName
    settings: Word2vecSettings
    device: Device
    threads: int | None = None

    @classmethod
    def read(cls, settings: Callable[[str, Any], Any], architecture: ArchitectureName) -> Self:
        training = budgeted(settings, settings("embedding.word2vec", Word2vecSettings))
        return cls(architecture, training, settings("run", RunSettings).device)

    @property
    def name(self) -> str:
        return f"word2vec-s{self.settings.seed}"

    def parameters(self) -> dict[str, Any]:
        settings = self.settings.model_dump(mode="json")
        rate, gpu = settings.pop("learning_rate")[self.architecture], settings.pop("gpu")
        if resolve(self.device).type == "cuda":
            settings = {name: value for name, value in settings.items() if name != "shards"} | gpu
        named = {"optimizer": "sgd", "seed": settings.pop("seed"), "optimizer.learning_rate": rate}
        return named | {f"training.{key}": value for key, value in settings.items()}

    def steps(self, corpus: Corpus) -> int:
        return (len(corpus.ids) - round(len(corpus.ids) * self.settings.validation)) * self.settings.epochs

    def course(self, corpus: Corpus, device: torch.device) -> Course:
        if device.type == "cuda":
            return Batches(corpus, self.architecture, self.settings, device)
        return Shards(corpus, self.architecture, self.settings, self.threads)

    def fit(
        self, corpus: Corpus, watch: Watch, progress: Progress, checkpoint: Checkpoint, until: int | None = None
    ) -> Fitted:
        """Goes on from the checkpoint, if there is one that this kind of device has left.

        Args:
            until: epochs after which it pauses, in the checkpoint; None: it does not. A state from beyond is ignored.
        """
        device = resolve(self.device)
        course, mark = self.course(corpus, device), f"{device.type}\n".encode()
        packed = checkpoint.load() or b""
        state = State.unpack(packed.removeprefix(mark), course.shape) if packed.startswith(mark) else course.start()
        last = self.settings.epochs if until is None else until
        if state.epoch + (state.offset > 0) > last:
            state = course.start()
        for row in state.history:
            watch(row)
        progress.advance(course.done(state))
        with course.at(state):
            began, words = time.monotonic(), 0
            while state.epoch < last:
                while state.offset < course.longest:
                    try:
                        words += (taken := course.round(state))
                    except FloatingPointError:
                        return Fitted(state.history, diverged=state.epoch + 1)
                    speed = words / (time.monotonic() - began)
                    progress.advance(taken, f"{speed:,.0f} words/s, loss {state.loss / max(state.examples, 1):.3f}")
                    if checkpoint.due:
                        course.fetch(state)
                        checkpoint.settle(mark, *state.pack())
                row = {"epoch": state.epoch + 1, "train/loss": state.loss / max(state.examples, 1)}
                row["val/loss"] = course.validate(state)
                state = State(state.vectors, state.epoch + 1, history=[*state.history, row])
                watch(row)
        course.fetch(state)
        if last < self.settings.epochs:
            checkpoint.save(mark, *state.pack())
        inputs, outputs = state.vectors[:, :, : self.settings.dimension]
        final = {name: value for name, value in state.history[-1].items() if name != "epoch"}
        return Fitted(state.history, None, {"input": inputs.copy(), "output": outputs.copy()}, final)
