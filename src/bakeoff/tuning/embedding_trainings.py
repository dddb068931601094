"""The trainings of a study of word vectors: how good the vectors are that are trained with the settings of a point."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import StringIO

import numpy as np

from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.base.settings import BadInput
from bakeoff.base.values import resolved
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.evaluate import Analogies, Likeness, Test, Vectors
from bakeoff.embedding.word2vec import Word2vec
from bakeoff.tuning.embedding_base import EmbeddingBase
from bakeoff.tuning.embedding_settings import EmbeddingObjective
from bakeoff.tuning.evaluation import Part
from bakeoff.tuning.measures import metric
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Trained


class Unsaved(Checkpoint):
    """No checkpoint: the log of the search has whole trainings."""

    def __init__(self) -> None: ...

    def load(self) -> None:
        return None

    @property
    def due(self) -> bool:
        return False

    def save(self, *parts: bytes | memoryview) -> None: ...


@dataclass(frozen=True)
class Text:
    """A text of which a part is held out.

    Attributes:
        corpus: the words to train on, and behind them those that are held out.
        held: the number of these.
    """

    corpus: Corpus
    held: int

    @property
    def words(self) -> int:
        """The number of words to train on."""
        return len(self.corpus.ids) - self.held

    def thinned(self, amount: int | float | None, place: str) -> "Text":
        """Return the text with a number or a share of its words to train on, from the beginning; None: all of them.

        The vocabulary stays, with counts of the words that are left.

        Args:
            place: the place of the amount, for messages.

        Raises:
            BadInput: the text has fewer words.
        """
        if amount is None:
            return self
        size = resolved(amount, self.words)
        if size > self.words:
            raise BadInput(
                f"{place} is {size}, and the training text has {self.words} words; take at most this number, or a share"
            )
        ids = np.concatenate([self.corpus.ids[:size], self.corpus.ids[self.words :]])
        counts = np.bincount(ids, minlength=len(self.corpus.words))
        return replace(self, corpus=replace(self.corpus, ids=ids, counts=counts))


def parted(corpus: Corpus, validation: float) -> Text:
    """Return a text of which this share is held out."""
    return Text(corpus, round(len(corpus.ids) * validation))


@dataclass(frozen=True)
class EmbeddingTrainings:
    """Every trial starts from the same vectors and makes the same draws, as far as its settings allow.

    A training has one thread. Threads change no byte of word2vec.

    Attributes:
        tests: of words, by name. That of the objective is measured as validation, the others on confirming trainings.
    """

    text: Text
    tests: Mapping[str, Test]
    base: EmbeddingBase
    seed: int
    objective: EmbeddingObjective

    def __call__(self, point: Point, checkpoint: Checkpoint | None = None) -> Trained:
        """Return the trial at a point, without the tests of words that do not decide.

        Args:
            checkpoint: from which the training goes on, and in which it pauses.
        """
        trained, _ = self.train(point, self.seed, checkpoint)
        return trained

    def part(self, point: Point, part: Part, checkpoint: Checkpoint | None = None) -> Trained:
        """Return one of the several trainings of a trial."""
        trained, _ = self.train(point, part.seed, checkpoint)
        return trained

    def confirm(self, point: Point, seed: int) -> Trained:
        """Return a training at the point from another seed, with all tests of words."""
        trained, vectors = self.train(point, seed)
        if vectors is None:
            return trained
        metrics = dict(trained.metrics)
        for name, test in self.tests.items():
            if name != self.objective:
                metrics |= test.measure(vectors, f"test/{name}")
        return Trained(metrics, None)

    def train(self, point: Point, seed: int, checkpoint: Checkpoint | None = None) -> tuple[Trained, Vectors | None]:
        """Return a training and its vectors; None if it diverged."""
        corpus = self.text.corpus
        # The sampler holds out the end of its text by a share.
        held = {"validation": self.text.held / len(corpus.ids)}
        candidate = self.base.at(point)
        settings = candidate.settings.model_copy(update={"seed": seed} | held)
        sampler = Word2vec(self.base.architecture, settings, "cpu", threads=1)
        with Progress(sampler.steps(corpus), sampler.name, StringIO()) as unseen:
            fitted = sampler.fit(corpus, lambda _: None, unseen, checkpoint or Unsaved(), candidate.until)
        if fitted.diverged:
            return Trained({}, fitted.diverged), None
        vectors = Vectors.of(fitted.vectors["input"], corpus.words)
        metrics = dict(fitted.final)
        if self.objective != "loss":
            name = metric(self.objective)
            found = self.tests[self.objective].measure(vectors, name)
            if name not in found:
                raise BadInput(
                    f"{self.base.place}: the vectors have no score in {self.objective}, because all pairs are equally "
                    f"alike, at {', '.join(f'{key} = {value}' for key, value in point.items())}; raise the dimension"
                )
            metrics[name] = found[name]
        return Trained(metrics, None), vectors

    def check(self, *, window: int, negatives: int, vocabulary: str) -> None:
        """Args:
        window, negatives: the largest of the space.
        vocabulary: its file.

        Raises:
            BadInput: the text is too short or has too few different words, or the vocabulary has too few words of the
                test that decides.
        """
        place, words, held = self.base.place, self.text.words, self.text.held
        if min(words, held) <= 2 * window:
            raise BadInput(
                f"{place}.examples leaves {words} words to train on, beside {held} that are held out, and both should "
                f"be longer than a window, {2 * window + 1} words; take more examples, or smaller windows"
            )
        known = np.count_nonzero(self.text.corpus.counts[1:])
        if known <= negatives:
            raise BadInput(
                f"{place}: embedding.negatives is up to {negatives}, and should be less than the {known} different "
                "words of the text; lower it"
            )
        if self.objective != "loss" and not scores(self.tests[self.objective], self.text.corpus.words):
            raise BadInput(
                f"{place}.objective is '{self.objective}', a test of English words, of which {vocabulary} has too few; "
                "take loss"
            )


def scores(test: Test, words: tuple[str, ...]) -> bool:
    """Return whether vectors of these words get a score in a test."""
    known = set(words)
    match test:
        case Likeness(judged):
            return len({pair.score for pair in judged if known >= {pair.left, pair.right}}) > 1
        case Analogies(questions):
            return any(known.issuperset(question) for question in questions)
    return True
