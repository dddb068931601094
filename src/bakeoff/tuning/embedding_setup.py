"""The search of a method in a study of word vectors, from params.yaml."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bakeoff.base import paths
from bakeoff.base.budget import Read, budgeted, of_budget
from bakeoff.base.settings import Settings
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.evaluate import Test
from bakeoff.embedding.settings import Word2vecSettings
from bakeoff.tuning.embedding_base import EmbeddingBase
from bakeoff.tuning.embedding_settings import EmbeddingStudySettings
from bakeoff.tuning.embedding_trainings import EmbeddingTrainings, Text, parted
from bakeoff.tuning.halving import halved
from bakeoff.tuning.searchers.registry import SEARCHERS
from bakeoff.tuning.searchers.searcher import Problem, no_slope
from bakeoff.tuning.settings import SearchBudget
from bakeoff.tuning.study import Study
from bakeoff.tuning.trial_log import LoggedTrainings, TrialLog


@dataclass(frozen=True)
class EmbeddingSetup:
    """The settings of a search in a study of word vectors.

    Attributes:
        settings: of the study, with the epochs of the budget.
        hyperparameters: of the method.
        base: the settings that all trainings of the study share.
    """

    study: str
    method: str
    settings: EmbeddingStudySettings
    budget: SearchBudget
    hyperparameters: Settings
    base: EmbeddingBase

    @classmethod
    def read(cls, read: Read, study: str, method: str) -> "EmbeddingSetup":
        """Return the setup that params.yaml has.

        Raises:
            BadInput: a fixed value has a name that is not a setting.
        """
        settings = budgeted(read, read(f"tuning.studies.{study}", EmbeddingStudySettings))
        budget = of_budget(read, "tuning", SearchBudget).of(settings)
        hyperparameters = read(f"tuning.{method}", SEARCHERS[method].settings)
        base = EmbeddingBase.read(study, settings, read("embedding.word2vec", Word2vecSettings))
        return cls(study, method, settings, budget, hyperparameters, base)

    def load(self, path: Callable[[str], Path]) -> Text:
        """Return the text of the study, of which a part is held out.

        Args:
            path: of an input of the stage.
        """
        corpus = self.settings.corpus
        loaded = Corpus.load(path(paths.tokens(corpus)), path(paths.vocabulary(corpus)))
        return parted(loaded, self.base.at({}).settings.validation)

    def trainings(self, whole: Text, tests: Mapping[str, Test]) -> EmbeddingTrainings:
        """Return the trainings to search, on the study's part of the text.

        Raises:
            BadInput: the text does not do for all points of the space.
        """
        settings, base = self.settings, self.base
        text = whole.thinned(settings.examples, f"{base.place}.examples")
        made = EmbeddingTrainings(text, tests, base, settings.seed, settings.objective)
        space, values = base.space(settings), base.values["embedding"]

        def largest(name: str) -> int:
            dotted = f"embedding.{name}"
            return max([values[name]] if dotted not in settings.space else space.extremes(dotted))  # type: ignore[no-any-return]

        made.check(
            window=largest("window"), negatives=largest("negatives"), vocabulary=paths.vocabulary(settings.corpus)
        )
        return made

    def taken(self, trainings: EmbeddingTrainings, whole: Text) -> list[str]:
        """Return a line on a share of the words as numbers; none where params.yaml has a number."""
        share = self.settings.examples
        if not isinstance(share, float):
            return []
        taken = f"{trainings.text.words:,} of {whole.words:,} words of the training text"
        return [f"tuning.studies.{self.study}.examples: {share:g} = {taken}"]

    def logged(self, trainings: EmbeddingTrainings, log: TrialLog) -> LoggedTrainings:
        """Return the trainings of the search, of which those in the log are not repeated."""
        return LoggedTrainings(
            log, trainings, {"examples": self.settings.examples, "objective": self.settings.objective}
        )

    def search(self, trainings: EmbeddingTrainings) -> Study:
        """Return the search."""
        settings = self.settings
        points = settings.points(self.budget.trials)
        problem = Problem(self.study, self.base.space(settings), points, settings.seed, no_slope)
        build = SEARCHERS[self.method].of(self.hyperparameters)
        searcher = halved(settings.stop.halving, settings.epochs, problem, build)
        return Study(
            self.study,
            self.method,
            paths.tokens(settings.corpus),
            self.budget,
            settings,
            self.hyperparameters,
            trainings,
            searcher,
        )
