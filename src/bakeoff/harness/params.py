"""All of params.yaml: its sections and their settings classes, the check before any work, and the JSON schema."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from bakeoff.base import paths
from bakeoff.base.budget import Name as BudgetName
from bakeoff.base.budget import Times
from bakeoff.base.quoting import listed
from bakeoff.base.settings import PATH, BadInput, Settings, load, validate
from bakeoff.base.values import DISTINCT, Positive
from bakeoff.contest.baseline_settings import BoostingSettings, LogisticSettings
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.contest.settings import ContestBudget, ContestSettings, DataName, TaskName, TaskSettings
from bakeoff.data.corpus.settings import CorpusSettings
from bakeoff.data.encoding.settings import TableData
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.limits import Limits
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.embedding.settings import ArchitectureName, NotesSettings, SamplerName, Word2vecSettings
from bakeoff.explanation.settings import ExplanationSettings
from bakeoff.harness.embedding_study_rules import embedding_studies
from bakeoff.harness.graph_template import differences, whole
from bakeoff.harness.params_rules import misfits, names, unseen
from bakeoff.harness.recipe_files import read_recipe
from bakeoff.harness.study_keys import mixed
from bakeoff.harness.study_rules import studies
from bakeoff.harness.tuner_contest_rules import tables, without_study
from bakeoff.networks.registry import NETWORKS, Networks
from bakeoff.networks.settings import NetworkSettings
from bakeoff.online.settings import OnlineSettings
from bakeoff.optimizers.registry import OPTIMIZERS, Optimizers
from bakeoff.results.settings import ComparisonSettings
from bakeoff.training.settings import RunSettings
from bakeoff.tuner_contest.settings import TunerContestBudget, TunerContestSettings
from bakeoff.tuning.embedding_settings import DeclaredStudy
from bakeoff.tuning.settings import (
    BayesSettings,
    CmaSettings,
    EvolutionSettings,
    GpSettings,
    GradientSettings,
    GridSettings,
    Nsga2Settings,
    RandomSettings,
    SearchBudget,
    SobolSettings,
    StudyName,
)

DataSettings = Annotated[CorpusSettings | TableData | ImagesSettings | ScansSettings, Field(discriminator="kind")]


class Embedding(Settings):
    corpora: Annotated[tuple[str, ...], Field(strict=False), DISTINCT]
    architectures: Annotated[tuple[ArchitectureName, ...], Field(strict=False, min_length=1), DISTINCT]
    sampler: SamplerName
    word2vec: Word2vecSettings
    notes: NotesSettings


class Baselines(Settings):
    logistic: LogisticSettings
    boosting: BoostingSettings


class Tuning(Settings):
    studies: dict[StudyName, DeclaredStudy]
    grid: GridSettings
    random: RandomSettings
    sobol: SobolSettings
    bayes: BayesSettings
    gp: GpSettings
    cma: CmaSettings
    evolution: EvolutionSettings
    nsga2: Nsga2Settings
    gradient: GradientSettings


class OnlineBudget(Settings):
    """The budget of online learning.

    Attributes:
        seeds: the number of learners for each stream.
    """

    seeds: Positive


class BudgetSettings(Settings):
    """One table of `budgets`: the numbers of trainings and of epochs.

    Attributes:
        epochs: the factor for the epochs of each task, recipe, text and search.
    """

    epochs: Times
    contest: ContestBudget
    tuning: SearchBudget
    online: OnlineBudget
    tuner_contest: TunerContestBudget


class Params(Settings):
    budget: BudgetName
    budgets: dict[BudgetName, BudgetSettings]
    data: Annotated[dict[DataName, DataSettings], Field(min_length=1)]
    limits: Limits
    run: RunSettings
    embedding: Embedding
    networks: Networks
    optimizers: Optimizers
    contest: ContestSettings
    tasks: Annotated[dict[TaskName, TaskSettings], Field(min_length=1)]
    baselines: Baselines
    online: OnlineSettings
    tuning: Tuning
    tuner_contest: TunerContestSettings
    comparison: ComparisonSettings
    explanation: ExplanationSettings

    def defaults(self, optimizers: Sequence[str]) -> dict[str, Settings]:
        """Return the default hyperparameters of some optimizers."""
        return {name: getattr(self.optimizers, name).defaults for name in optimizers}


@dataclass(frozen=True)
class Recipe:
    """A recipe of a task, with the settings of its network.

    Attributes:
        place: the file.
    """

    place: str
    task: str
    written: RecipeSettings
    network: NetworkSettings


def check(path: Path = PATH, *, graph: bool = True) -> Params:
    """Return the validated file, with the recipes.

    Args:
        graph: whether to check that dvc.yaml has its stages.

    Raises:
        BadInput: one line with all errors.
    """
    document = load(path)
    refuse(path, mixed(document))
    params = validate(document, "", Params, path)
    refuse(path, unseen(document))
    refuse(path, names(params))
    refuse(path, misfits(params, read_recipes(params, path.parent)))
    refuse(path, [*studies(params, path.parent), *embedding_studies(params), *without_study(params)])
    refuse(path, tables(params, path.parent))
    if graph and (differing := list(differences(params, path.parent))):
        raise BadInput("; ".join(differing))
    return params


def refuse(path: Path, faults: Iterable[str]) -> None:
    """Raise an error with all faults, if there are any.

    Raises:
        BadInput: there are faults; one line with all of them.
    """
    if wrong := list(faults):
        raise BadInput(f"{path}: {listed(wrong)}")


def read_recipes(params: Params, root: Path) -> list[Recipe]:
    """Return the recipes that tasks list; other files in recipes/ are ignored.

    Raises:
        BadInput: a file is missing or invalid.
    """
    recipes = []
    for task, settings in params.tasks.items():
        for model in settings.recipes:
            place = paths.recipe(task, model)
            if not (root / place).exists():
                if not whole(root):
                    continue
                raise BadInput(
                    f"{PATH}: tasks.{task}.recipes lists '{model}', and {place} is missing; write it, or "
                    f"remove '{model}' from the list"
                )
            written = read_recipe(root, task, model)
            network, _ = written.checked(NETWORKS[model].settings, OPTIMIZERS[written.optimizer].settings, place)
            recipes.append(Recipe(place, task, written, network))
    return recipes


def schema() -> dict[str, Any]:
    """Return the JSON Schema with which editors complete and check params.yaml."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | TypeAdapter(Params).json_schema()
