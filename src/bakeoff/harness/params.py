"""The whole of params.yaml: every section and its settings class. A gate before any work, and the editors' schema."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from bakeoff.base.quoting import listed
from bakeoff.base.settings import PATH, BadInput, Settings, load, validate
from bakeoff.base.values import DISTINCT, Positive
from bakeoff.contest.baseline_settings import BaselineName, BoostingSettings, LogisticSettings
from bakeoff.contest.recipe_settings import RecipeSettings
from bakeoff.data.corpus.settings import CorpusSettings
from bakeoff.data.encoding.settings import EncodingSettings
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.limits import Limits
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.data.table.settings import TableSettings
from bakeoff.embedding.settings import ArchitectureName, NotesSettings, SamplerName, Word2vecSettings
from bakeoff.harness.params_rules import misfits
from bakeoff.networks.settings import (
    CnnSettings,
    MlpSettings,
    ResnetSettings,
    SoftmaxSettings,
    UnetSettings,
    WideResnetSettings,
)
from bakeoff.online.settings import OnlineSettings
from bakeoff.optimizers.settings import OptimizerName, Optimizers, SpaceSettings, check_spaces
from bakeoff.results.settings import ComparisonSettings
from bakeoff.training.settings import ContestSettings, Device, TrainingSettings
from bakeoff.tuning.settings import (
    BayesSettings,
    EvolutionSettings,
    GradientSettings,
    GridSettings,
    RandomSettings,
    StudySettings,
)


class Data(Settings):
    corpus: CorpusSettings
    table: TableSettings
    encoding: EncodingSettings
    images: ImagesSettings
    scans: ScansSettings
    limits: Limits


class Embedding(Settings):
    architectures: Annotated[tuple[ArchitectureName, ...], Field(strict=False, min_length=1), DISTINCT]
    sampler: SamplerName
    word2vec: Word2vecSettings
    notes: NotesSettings


class Networks(Settings):
    softmax: SoftmaxSettings
    mlp: MlpSettings
    cnn: CnnSettings
    resnet: ResnetSettings
    wide_resnet: WideResnetSettings
    unet: UnetSettings


Classifier = Literal["softmax", "mlp", "cnn", "resnet", "wide_resnet"]
RowClassifier = Literal["softmax", "mlp"]  # the others take pictures, and a table has rows
Segmenter = Literal["unet"]
METRICS = {"images": ("accuracy", "auc"), "table": ("auc", "accuracy"), "scans": ("dice",)}  # what each task measures


class ClassifierContest(ContestSettings):
    seeds: dict[Classifier, Positive]


class RowContest(ContestSettings):
    seeds: dict[RowClassifier, Positive]


class SegmenterContest(ContestSettings):
    seeds: dict[Segmenter, Positive]


class Task(Settings):
    """A matrix of models and optimizers, how each trains, and how often.

    A contest's seeds are its final runs, for each model: fewer for what takes long.
    """

    models: Any
    optimizers: Annotated[tuple[OptimizerName, ...], Field(strict=False, min_length=1), DISTINCT]
    training: TrainingSettings
    contest: Any

    @model_validator(mode="after")
    def each_model_has_seeds(self) -> Self:
        for model in self.models:
            if model not in self.contest.seeds:
                raise ValueError(f"contest.seeds.{model} is missing; add it, or take '{model}' off models")
        return self


class ClassifierTask(Task):
    models: Annotated[tuple[Classifier, ...], Field(strict=False, min_length=1), DISTINCT]
    contest: ClassifierContest


class RowTask(Task):
    models: Annotated[tuple[RowClassifier, ...], Field(strict=False, min_length=1), DISTINCT]
    contest: RowContest


class SegmenterTask(Task):
    models: Annotated[tuple[Segmenter, ...], Field(strict=False, min_length=1), DISTINCT]
    contest: SegmenterContest


class Book(Settings):
    images: dict[Classifier, RecipeSettings]
    table: dict[RowClassifier, RecipeSettings]


class Recipes(Settings):
    """Which recipes the graph trains, and those that are written down."""

    seeds: Positive
    images: Annotated[tuple[Classifier, ...], Field(strict=False), DISTINCT]
    table: Annotated[tuple[RowClassifier, ...], Field(strict=False), DISTINCT]
    book: Book

    @model_validator(mode="after")
    def each_stands_in_the_book(self) -> Self:
        for task, models, written in (
            ("images", self.images, self.book.images),
            ("table", self.table, self.book.table),
        ):
            for model in models:
                if model not in written:
                    raise ValueError(f"book.{task}.{model} is missing; add it, or take '{model}' off {task}")
        return self


class Baselines(Settings):
    methods: Annotated[tuple[BaselineName, ...], Field(strict=False, min_length=1), DISTINCT]
    logistic: LogisticSettings
    boosting: BoostingSettings


class Tuning(Settings):
    methods: Annotated[
        tuple[Literal["grid", "random", "bayes", "evolution", "gradient"], ...],
        Field(strict=False, min_length=1),
        DISTINCT,
    ]
    study: StudySettings
    grid: GridSettings
    random: RandomSettings
    bayes: BayesSettings
    evolution: EvolutionSettings
    gradient: GradientSettings


class Params(Settings):
    data: Data
    device: Device
    embedding: Embedding
    networks: Networks
    optimizers: Optimizers
    spaces: dict[OptimizerName, SpaceSettings]
    images: ClassifierTask
    table: RowTask
    scans: SegmenterTask
    recipes: Recipes
    baselines: Baselines
    online: OnlineSettings
    tuning: Tuning
    comparison: ComparisonSettings

    @model_validator(mode="after")
    def each_space_is_one_of_its_optimizer(self) -> Self:
        check_spaces(self.optimizers, self.spaces)
        return self

    @model_validator(mode="after")
    def each_task_is_decided_by_what_it_measures(self) -> Self:
        metric = self.comparison.metric
        if metric.keys() != METRICS.keys():
            raise ValueError(f"comparison.metric names {', '.join(metric)}, and should name {', '.join(METRICS)}")
        for task, measured in METRICS.items():
            if metric[task] not in measured:
                raise ValueError(
                    f"comparison.metric.{task} is '{metric[task]}', and {task} are measured by {' and '.join(measured)}"
                )
        return self


def check(path: Path = PATH) -> Params:
    """The whole file, checked.

    Raises:
        BadInput: one line that names everything that is wrong with it.
    """
    document = load(path)
    params = validate(document, "", Params, path)
    networks: dict[tuple[str, str], Settings] = {}
    for task, recipes in params.recipes.book:
        for model, recipe in recipes.items():
            key = f"recipes.book.{task}.{model}"
            networks[task, model] = validate(document, f"{key}.network", of_field(Networks, model), path)
            validate(document, f"{key}.hyperparameters", of_field(Optimizers, recipe.optimizer), path)
    if wrong := list(misfits(params, networks)):
        raise BadInput(f"{path}: {listed(wrong)}")
    return params


def of_field(section: type[Settings], name: str) -> Any:
    """The settings class of a network or an optimizer."""
    return section.model_fields[name].annotation


def schema() -> dict[str, Any]:
    """The JSON Schema by which editors complete and check params.yaml."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | TypeAdapter(Params).json_schema()
