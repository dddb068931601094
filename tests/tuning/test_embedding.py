"""A study of word vectors, from params.yaml and a small text to its record and its comparison."""

import csv
import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from bakeoff.base import paths, record, settings
from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.base.settings import BadInput
from bakeoff.commands.use import use
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.evaluate import Judged, Likeness
from bakeoff.embedding.settings import Rates, Word2vecSettings
from bakeoff.embedding.word2vec import Word2vec
from bakeoff.harness import params
from bakeoff.harness.stage import Stage
from bakeoff.results.compare import compare
from bakeoff.results.settings import ComparisonSettings
from bakeoff.tuning.embedding_base import EmbeddingBase
from bakeoff.tuning.embedding_settings import EmbeddingStudySettings
from bakeoff.tuning.embedding_setup import EmbeddingSetup
from bakeoff.tuning.embedding_trainings import EmbeddingTrainings, Text, Unsaved, parted
from bakeoff.tuning.evaluation import Part
from bakeoff.tuning.settings import RandomSettings, SearchBudget
from bakeoff.tuning.trial_log import TrialLog
from pipeline.tune_embedding import tune_embedding

ROOT = Path(__file__).parents[2]
# Of WordSim-353 and of SimLex-999.
WORDS = ("UNK", "tiger", "cat", "book", "paper", "computer", "keyboard", "plane", "car", "train", "old", "new", "smart")
WORDS += ("intelligent", "hard", "difficult")
RATE, WINDOW = "embedding.learning_rate", "embedding.window"
SMALL: dict[str, Any] = {
    "dimension": 8,
    "window": 2,
    "negatives": 2,
    "noise_exponent": 0.75,
    "subsample": 0.0,
    "validation": 0.1,
    "learning_rate": {"skipgram": 0.05, "cbow": 0.1},
    "epochs": 5,
    "shards": 2,
    "round": 200,
    "damping": 0.0,
    "gpu": {"batch": 10, "damping": 1.0},
    "seed": 7,
}
RATES = {"low": 0.05, "high": 0.5, "scale": "log"}
STUDY: dict[str, Any] = {
    "corpus": "corpus",
    "architecture": "skipgram",
    "objective": "wordsim",
    "methods": ["random", "bayes"],
    "trials": 4,
    "batch": 2,
    "evaluation": {"seeds": 1},
    "stop": {"target": None, "patience": None, "halving": None},
    "epochs": 2,
    "examples": 0.5,
    "seed": 3,
    "fixed": {"embedding.subsample": 0.01},
    "space": {
        RATE: RATES,
        WINDOW: {"low": 1, "high": 4, "scale": "linear"},
    },
}


def text(size: int = 2000) -> Corpus:
    ids = np.random.default_rng(0).integers(1, len(WORDS), size=size).astype(np.int32)
    ids[1::2] = ids[::2] % (len(WORDS) - 1) + 1  # each second word follows from the one before
    return Corpus(ids, WORDS, np.bincount(ids, minlength=len(WORDS)))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small text, in which stages run."""
    for name in ("src", "pipeline"):
        (tmp_path / name).symlink_to(ROOT / name)
    corpus = text(10_000)
    (tmp_path / "data/corpus").mkdir(parents=True)
    np.save(tmp_path / paths.tokens("corpus"), corpus.ids)
    rows = "".join(f"{word},{count}\n" for word, count in zip(corpus.words, corpus.counts, strict=True))
    (tmp_path / paths.vocabulary("corpus")).write_text(f"word,count\n{rows}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tuned(monkeypatch: pytest.MonkeyPatch, method: str, workers: int = 1, **changes: Any) -> record.Record:
    """Run the stage of one method, and return its record."""
    document = settings.load(ROOT / "params.yaml")
    document["budgets"]["standard"]["tuning"]["confirmations"] = 2
    document["embedding"]["word2vec"] = SMALL
    document["tuning"] |= {
        "studies": {"vectors": STUDY | changes},
        "grid": {"levels": {}},
        "bayes": {"startup_trials": 2},
    }
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(document, file)
    monkeypatch.setenv("BAKEOFF_WORKERS", str(workers))
    stage = Stage(f"tune_vectors@{method}", Path("pipeline/tune_embedding.py"))
    tune_embedding(stage, "vectors", method)
    stage.finish()
    return record.read(Path(paths.record("tuning", f"vectors-{method}")))


def test_a_search_gives_the_same_bytes_with_any_number_of_workers_and_from_its_log(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def written() -> list[bytes]:
        return [
            Path(path).read_bytes() for path in (paths.record("tuning", "vectors-bayes"), paths.trials("vectors-bayes"))
        ]

    tuned(monkeypatch, "bayes")
    alone = written()
    assert "examples: 0.5 = 4,500 of 9,000 words of the training text" in capsys.readouterr().out
    tuned(monkeypatch, "bayes", workers=2)
    assert "6 of 6 trainings are from" in capsys.readouterr().out
    assert written() == alone
    (project / ".bakeoff/trials/tune_vectors@bayes.jsonl").unlink()
    tuned(monkeypatch, "bayes", workers=2)
    assert "are from" not in capsys.readouterr().out
    assert written() == alone
    made = tuned(monkeypatch, "bayes", trials=6)
    assert " of 8 trainings are from" in capsys.readouterr().out
    assert [run.metrics for run in made.runs[1:5]] == [run["metrics"] for run in json.loads(alone[0])["runs"][1:5]]


@pytest.mark.usefixtures("project")
def test_trials_see_one_test_of_words_and_confirming_trainings_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    made = tuned(monkeypatch, "random")
    head, *children = made.runs
    trials, confirmed = children[:4], children[4:]
    assert all(run.metrics.keys() == {"train/loss", "val/loss", "val/wordsim"} for run in trials)
    assert [run.parameters["seed"] for run in children] == [3, 3, 3, 3, 4, 5]
    assert all("test/simlex" in run.metrics and "test/wordsim" not in run.metrics for run in confirmed)
    assert confirmed[0].metrics["val/loss"] != confirmed[1].metrics["val/loss"]
    assert head.parameters["embedding.subsample"] == 0.01 and head.parameters["training.epochs"] == 2
    best = max(trials, key=lambda run: run.metrics["val/wordsim"])
    assert head.parameters[RATE] == best.parameters[RATE]
    assert head.parameters | {"model": "skipgram", "task": "embedding", "sampler": "word2vec"} == head.parameters
    rows = list(csv.DictReader(StringIO(Path(paths.trials("vectors-random")).read_text())))
    assert [float(row["wordsim"]) for row in rows] == [run.metrics["val/wordsim"] for run in trials]
    assert {row[WINDOW] for row in rows} <= {"1", "2", "3", "4"}

    compared = compare({}, {}, {"vectors": {"random": made}}, [], [], ComparisonSettings(**COMPARISON)).tuning[
        "vectors"
    ]
    assert (compared.metric, compared.tested, compared.model, compared.optimizer) == (
        "wordsim",
        "simlex",
        "skipgram",
        "sgd",
    )
    assert compared.data == "data/corpus/tokens.npy"
    assert [axis.name for axis in compared.space] == [RATE, WINDOW]
    (cell,) = compared.cells
    assert cell.validation.mean == pytest.approx(head.metrics["val/wordsim"], rel=1e-5)  # six digits are kept


COMPARISON: dict[str, Any] = settings.load(ROOT / "params.yaml")["comparison"] | {"resamples": 1000}


@pytest.mark.usefixtures("project")
def test_of_halving_the_trials_have_the_epochs_of_their_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    halving = {
        "target": None,
        "patience": None,
        "halving": {"kind": "halving", "first": 1, "factor": 2, "resume": False},
    }
    space = {RATE: STUDY["space"][RATE]}
    made = tuned(monkeypatch, "random", objective="loss", stop=halving, space=space)
    _, *children = made.runs
    epochs = [run.parameters["training.epochs"] for run in children]
    assert epochs[-4:] == [2, 2, 2, 2] and epochs[:4] == [1, 1, 1, 1]
    again = [run for run in children if run.parameters["training.epochs"] == 2]
    first = {run.parameters[RATE]: run.metrics["val/loss"] for run in children[:4]}
    climbed = sorted(first, key=lambda rate: first[rate])[:2]
    assert {run.parameters[RATE] for run in again[:2]} == set(climbed)
    assert all("test/wordsim" in run.metrics for run in children[-2:])


def test_of_halving_a_training_goes_on_from_its_checkpoint_as_if_it_had_not_paused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halving = {"kind": "halving", "first": 1, "factor": 2, "resume": True}
    stop = {"target": None, "patience": None, "halving": halving}
    changes: dict[str, Any] = {"objective": "loss", "stop": stop, "space": {RATE: RATES}, "epochs": 4}
    _, *children = tuned(monkeypatch, "random", **changes).runs
    trials = children[:-2]
    assert {run.parameters["training.epochs"] for run in trials} == {1, 2, 4}
    assert not (project / ".checkpoints/tune_vectors@random").exists()
    whole = parted(text(10_000), 0.1).thinned(0.5, "")
    uninterrupted = trainings(whole, **changes)
    for run in trials:
        point = {name: run.parameters[name] for name in (RATE, "training.epochs")}
        assert uninterrupted(point).metrics == run.metrics
    alone = Path(paths.record("tuning", "vectors-random")).read_bytes()
    (project / ".bakeoff/trials/tune_vectors@random.jsonl").unlink()
    tuned(monkeypatch, "random", workers=2, **changes)
    assert Path(paths.record("tuning", "vectors-random")).read_bytes() == alone
    shorter = trainings(whole, **changes | {"epochs": 1, "stop": STUDY["stop"]})
    first = trials[0]
    assert shorter({RATE: first.parameters[RATE]}).metrics != first.metrics  # the rate falls over all epochs


def test_vectors_from_beyond_a_pause_are_ignored(tmp_path: Path) -> None:
    sampler = Word2vec("skipgram", Word2vecSettings(**SMALL), "cpu")

    def fitted(checkpoint: Checkpoint, until: int) -> Any:
        return sampler.fit(text(), lambda _: None, Progress(1, "", StringIO()), checkpoint, until).final

    checkpoint = Checkpoint("stage", "digest", tmp_path)
    fitted(checkpoint, 3)
    assert fitted(checkpoint, 2) == fitted(Unsaved(), 2)


@pytest.mark.usefixtures("project")
def test_the_best_point_is_printed_as_lines_of_params_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    made = tuned(monkeypatch, "random", methods=["random"])
    found = params.Params.model_validate(settings.load())
    rate, window = made.runs[0].parameters[RATE], made.runs[0].parameters[WINDOW]
    lines = use("vectors", found, force=False)
    assert lines[0] == "the best point of vectors-random-s3, by wordsim on validation data"
    assert f"    learning_rate: {{skipgram: {json.dumps(rate)}, cbow: 0.1}}" in lines
    assert "    subsample: 0.01" in lines
    assert (f"    window: {window}" in lines) == (window != 2)  # the value that params.yaml has
    assert not any("epochs: " in line or "dimension" in line for line in lines)
    changed = found.embedding.word2vec.model_copy(update={"negatives": 3})
    other = found.model_copy(update={"embedding": found.embedding.model_copy(update={"word2vec": changed})})
    with pytest.raises(BadInput, match=r"study vectors: embedding\.negatives is 3 in params\.yaml, but its record has"):
        use("vectors", other, force=False)


def trainings(whole: Text, **changes: Any) -> EmbeddingTrainings:
    study = EmbeddingStudySettings(**(STUDY | changes))
    base = EmbeddingBase.read("vectors", study, Word2vecSettings(**SMALL))
    test = Likeness([Judged("tiger", "cat", 7.0), Judged("old", "car", 1.0), Judged("book", "paper", 6.0)])
    return EmbeddingTrainings(whole, {"wordsim": test}, base, study.seed, study.objective)


def test_a_training_by_another_objective_or_on_another_part_of_the_text_is_another_one(
    tmp_path: Path,
) -> None:
    def key(**changes: Any) -> str:
        study = EmbeddingStudySettings(**(STUDY | changes))
        base = EmbeddingBase.read("vectors", study, Word2vecSettings(**SMALL))
        budget = SearchBudget(trials=4, confirmations=2)
        setup = EmbeddingSetup("vectors", "random", study, budget, RandomSettings(), base)
        log = TrialLog("tune", {}, tmp_path)
        return setup.logged(trainings(parted(text(), 0.1), **changes), log).key(({RATE: 0.1, WINDOW: 2}, None))

    changes: list[dict[str, Any]] = [
        {},
        {"objective": "loss"},
        {"examples": 0.6},
        {"seed": 4},
        {"epochs": 3},
        {"architecture": "cbow"},
        {"fixed": {}},
    ]
    assert len({key(**change) for change in changes}) == len(changes)
    assert key(trials=9, methods=["sobol"], batch=3) == key()


def test_vectors_without_a_score_end_the_search_in_one_line() -> None:
    made = trainings(parted(text(), 0.1), fixed={"embedding.dimension": 1})
    alike = replace(made, tests={"wordsim": Likeness([Judged("tiger", "tiger", 9.0), Judged("car", "car", 8.0)])})
    with pytest.raises(BadInput, match=r"no score in wordsim, .* at embedding\.learning_rate = 0\.1, embedding"):
        alike({RATE: 0.1, WINDOW: 2})


@pytest.mark.parametrize("architecture", ["skipgram", "cbow"])
def test_a_trial_is_a_training_by_word2vec_at_its_point(architecture: Any) -> None:
    made = trainings(parted(text(), 0.1), architecture=architecture, objective="loss")
    trained = made({RATE: 0.2, WINDOW: 3})
    rates = Rates(**(SMALL["learning_rate"] | {architecture: 0.2}))
    changes = {"window": 3, "subsample": 0.01, "learning_rate": rates, "epochs": 2, "seed": 3}
    sampler = Word2vec(architecture, Word2vecSettings(**SMALL).model_copy(update=changes), "cpu")
    fitted = sampler.fit(text(), lambda _: None, Progress(1, "", StringIO()), Unsaved())
    assert trained.metrics == fitted.final


def test_a_trial_on_a_part_of_the_text_is_measured_on_all_words_that_are_held_out() -> None:
    part = parted(text(), 0.1).thinned(0.25, "examples")
    made = trainings(part, objective="loss")
    trained = made({RATE: 0.2, WINDOW: 3})
    rates = Rates(skipgram=0.2, cbow=0.1)
    changes = {"window": 3, "subsample": 0.01, "learning_rate": rates, "epochs": 2, "seed": 3}
    settings = Word2vecSettings(**SMALL).model_copy(update=changes)
    losses = []
    for share in (200 / 650, SMALL["validation"]):  # 450 words to train on, and 200 that are held out
        sampler = Word2vec("skipgram", settings.model_copy(update={"validation": share}), "cpu")
        losses.append(sampler.fit(part.corpus, lambda _: None, Progress(1, "", StringIO()), Unsaved()).final)
    assert trained.metrics == losses[0] != losses[1]


@pytest.mark.usefixtures("project")
def test_a_trial_of_several_seeds_is_their_mean_and_is_confirmed_from_later_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = tuned(monkeypatch, "random", evaluation={"seeds": 2}, trials=4, objective="loss", space={RATE: RATES})
    head, *children = made.runs
    trials, confirmed = children[:2], children[2:]
    assert [run.parameters["seed"] for run in confirmed] == [5, 6]
    assert head.parameters["study.evaluation"] == "2 seeds"
    single = trainings(parted(text(10_000), 0.1).thinned(0.5, ""), objective="loss", space={RATE: RATES})
    for trial in trials:
        point = {RATE: trial.parameters[RATE]}
        losses = [single.part(point, Part(seed)).metrics["val/loss"] for seed in (3, 4)]
        assert losses[0] != losses[1]
        assert trial.metrics["val/loss"] == pytest.approx(np.mean(losses), rel=1e-12)
        assert trial.metrics["sd/val/loss"] == pytest.approx(np.std(losses, ddof=1), rel=1e-6)


@pytest.mark.parametrize("size", [1, 7, 500, 1799, 1800, 0.25, None])
def test_a_part_of_the_text_leaves_the_held_out_words_as_they_are(size: float | None) -> None:
    whole = parted(text(), 0.1)
    part = whole.thinned(size, "examples")
    assert part.words == {0.25: 450, None: 1800}.get(size, size)
    ids = part.corpus.ids
    assert ids[: part.words].tolist() == whole.corpus.ids[: part.words].tolist()
    assert ids[part.words :].tolist() == whole.corpus.ids[1800:].tolist()
    assert part.corpus.counts.tolist() == np.bincount(ids, minlength=len(WORDS)).tolist()
    assert round(len(ids) * (part.held / len(ids))) == 200  # what the sampler holds out


def test_a_text_that_does_not_do_is_refused() -> None:
    whole = parted(text(), 0.1)
    with pytest.raises(
        BadInput, match=r"vectors\.examples is 1801, and the training text has 1800 words; take at most"
    ):
        whole.thinned(1801, "params.yaml: tuning.studies.vectors.examples")
    short = trainings(whole.thinned(8, ""))
    short.check(window=3, negatives=2, vocabulary="vocabulary.csv")
    with pytest.raises(
        BadInput, match=r"examples leaves 8 words to train on, beside 200 that are held out, .* window, 9"
    ):
        short.check(window=4, negatives=2, vocabulary="vocabulary.csv")
    with pytest.raises(
        BadInput, match=r"embedding\.negatives is up to 15, and should be less than the 15 different words"
    ):
        trainings(whole).check(window=2, negatives=15, vocabulary="vocabulary.csv")
    foreign = Corpus(whole.corpus.ids, tuple(f"w{n}" for n in range(len(WORDS))), whole.corpus.counts)
    with pytest.raises(BadInput, match=r"objective is 'wordsim', a test of English words, of which v\.csv has too few"):
        trainings(parted(foreign, 0.1)).check(window=2, negatives=2, vocabulary="v.csv")
    trainings(parted(foreign, 0.1), objective="loss").check(window=2, negatives=2, vocabulary="v.csv")
