"""DVC and Snakemake on a small copy of the graph: they name the same stages, run the same, and write the same lock.

The Snakefile, the profile, the DVC settings and the library are the real ones; the stages are toys that take no time.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]
TOY = Path(__file__).parent / "toy"

FLIGHTS = {f"train_flights@{model}-{optimizer}" for model in ("softmax", "mlp") for optimizer in ("sgd", "adam")}
EMBEDDINGS = {"train_embedding@skipgram", "train_embedding@cbow"}
TUNE = {"tune@grid"}
END = {"compare", "report", "track"}  # none restored from the run cache: each has an output outside DVC's cache
ALL = {"ingest_corpus", "ingest_table", "encode_table"} | EMBEDDINGS | FLIGHTS | TUNE | END


@dataclass(frozen=True)
class Project:
    """A folder with the toy graph, and what a user does there.

    Attributes:
        preloaded: gives the server of a command, in whose forks DVC and Snakemake run; see tests/preloaded.py.
    """

    folder: Path
    preloaded: Callable[[str], Any]

    def run(self, *command: str, status: int = 0, **environment: str) -> str:
        """What a command prints; its errors come last."""
        if command[0] in ("dvc", "snakemake"):
            jobs = self.preloaded("bakeoff.harness.engine").path  # what Snakemake's jobs call
            path = f"{jobs}{os.pathsep}{self.environment()['PATH']}"
            asked = self.environment() | {"PATH": path} | environment
            done = self.preloaded(command[0]).run(*command[1:], cwd=self.folder, env=asked)
        else:
            done = self.process(*command, **environment)
        assert done.returncode == status, f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def process(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as a process of its own, with all that it imports."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment() | environment, capture_output=True, text=True
        )

    def environment(self) -> dict[str, str]:
        """The user's own, but for settings of git and DVC, and with this Python's commands first."""
        private = self.folder.parent / "private"
        return {
            **{name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_SITE_CACHE_DIR": str(private / "site"),
            "DVC_GLOBAL_CONFIG_DIR": str(private / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(private / "system"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_{what}": "toy@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def copy(self, name: str) -> "Project":
        return Project(shutil.copytree(self.folder, self.folder.with_name(name), symlinks=True), self.preloaded)

    def named_by_dvc(self) -> set[str]:
        output = self.run("dvc", "repro", "--dry", "--force-downstream")
        return set(re.findall(r"^Running stage '(.+?)'", output, re.M))

    def named_by_snakemake(self) -> set[str]:
        named = re.findall(r"^Job [1-9]\d*: ([^:\n]+)", self.run("snakemake", "-n"), re.M)
        return {name for name in named if not name.endswith(".dvc")}  # a dry run of DVC passes over data that it tracks

    def is_clean(self) -> bool:
        return "Data and pipelines are up to date." in self.run("dvc", "status")

    def ran(self) -> set[str]:
        """The stages whose commands ran since the last question, each of them once."""
        journal = self.folder / ".bakeoff/journal"
        lines = journal.read_text().splitlines() if journal.exists() else []
        journal.unlink(missing_ok=True)
        stages = [line.removeprefix("end ") for line in lines if line.startswith("end ")]
        assert len(stages) == len(set(stages)), f"ran twice: {stages}"
        return set(stages)

    def tidy(self) -> str:
        asked = self.environment() | {"PYTHONPATH": str(self.folder / "src")}
        done = self.preloaded("bakeoff.harness.dvc_graph").run("tidy", cwd=self.folder, env=asked)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def lock(self) -> str:
        return (self.folder / "dvc.lock").read_text()

    def results(self) -> dict[str, bytes]:
        """Everything under the folders that stages write to, git's own lists aside."""
        folders = [self.folder / name for name in ("data", "models", "reports")]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}


def build(folder: Path, preloaded: Callable[[str], Any]) -> Project:
    """The toy graph with the project's own engine files, committed and never run."""
    for name in (".gitattributes", "Snakefile", ".dvcignore", ".dvc/config", ".dvc/.gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("profiles", "src/bakeoff"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TOY, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "params.py").replace(folder / "src/bakeoff/harness/params.py")
    (folder / "gitignore").replace(folder / ".gitignore")
    project = Project(folder, preloaded)
    project.run("git", "init", "--quiet", "--initial-branch=main")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message=toy")
    return project


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, preloaded: Callable[[str], Any]) -> Project:
    return build(tmp_path_factory.mktemp("engines") / "pristine", preloaded)


@pytest.fixture(scope="session")
def finished(pristine: Project) -> Project:
    project = pristine.copy("finished")
    project.run("dvc", "repro")
    assert project.ran() == ALL
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    return Project(shutil.copytree(finished.folder, tmp_path / "project", symlinks=True), finished.preloaded)


Edit = Callable[[Project], object]


def replace(file: str, old: str, new: str) -> Edit:
    def edit(project: Project) -> None:
        text = (project.folder / file).read_text()
        assert text.count(old) == 1, f"{file}: {old!r} stands {text.count(old)} times"
        (project.folder / file).write_text(text.replace(old, new))

    return edit


def append(file: str, text: str) -> Edit:
    def edit(project: Project) -> None:
        with (project.folder / file).open("a") as stream:
            stream.write(text)

    return edit


def write(file: str, text: str) -> Edit:
    return lambda project: (project.folder / file).write_text(text)


def touch(file: str) -> Edit:
    return lambda project: os.utime(project.folder / file)


def delete(*names: str) -> Edit:
    def edit(project: Project) -> None:
        for path in (project.folder / name for name in names):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return edit


def run(*command: str) -> Edit:
    return lambda project: (project.run(*command), project.ran())


@dataclass(frozen=True)
class Scenario:
    """Edits to a finished project, and what follows.

    Attributes:
        before: edits that have been run through before the others are made.
        stale: the stages that both engines must name.
        ran: those whose commands must run; the rest is restored from DVC's run cache, or found to be the same.
    """

    edits: tuple[Edit, ...]
    stale: set[str]
    ran: set[str]
    before: tuple[Edit, ...] = field(default=())


FASTER = replace("params.yaml", "sgd: 0.3", "sgd: 0.4")
SLOWER = replace("params.yaml", "sgd: 0.4", "sgd: 0.3")
COMMENT = append("pipeline/encode_table.py", "# a remark\n")
NO_COMMENT = replace("pipeline/encode_table.py", "# a remark\n", "")
MORE = replace("params.yaml", "optimizers: [sgd, adam]", "optimizers: [sgd, adam, rmsprop]")
FEWER = replace("params.yaml", "optimizers: [sgd, adam, rmsprop]", "optimizers: [sgd, adam]")
ONE = "train_flights@softmax-sgd"
RMSPROP = {"train_flights@softmax-rmsprop", "train_flights@mlp-rmsprop"}
ENCODED = {"encode_table"} | FLIGHTS | TUNE | END

SCENARIOS = {
    "nothing": Scenario((), set(), set()),
    "a setting, a source and an item taken back before a run": Scenario(
        (FASTER, SLOWER, COMMENT, NO_COMMENT, MORE, FEWER), set(), set()
    ),
    "a source, data and an output touched": Scenario(
        (touch("pipeline/toy.py"), touch("raw/corpus.txt"), touch("data/table/encoded.npz")), set(), set()
    ),
    # settings
    "a setting of one item": Scenario((FASTER,), {ONE} | END, {ONE} | END),
    "a setting of a matrix": Scenario(
        (replace("params.yaml", "epochs: 2", "epochs: 3"),), FLIGHTS | END, FLIGHTS | END
    ),
    "a setting at the root": Scenario((replace("params.yaml", "standard", "minmax"),), ENCODED, ENCODED),
    "a setting within braces": Scenario(
        (replace("params.yaml", "[128]", "[128, 64]"),),
        {"train_flights@mlp-sgd", "train_flights@mlp-adam"} | END,
        {"train_flights@mlp-sgd", "train_flights@mlp-adam"} | END,
    ),
    "two settings": Scenario(
        (FASTER, replace("params.yaml", "dimension: 64", "dimension: 32")),
        {ONE} | EMBEDDINGS | END,
        {ONE} | EMBEDDINGS | END,
    ),
    "a setting taken back after a run": Scenario((SLOWER,), {ONE} | END, END, before=(FASTER,)),
    "a comment, a setting that no stage reads, and 1 written as 1.0": Scenario(
        (append("params.yaml", "# a remark\nunread: 1\n"), replace("params.yaml", "sgd: 1\n", "sgd: 1.0\n")),
        set(),
        set(),
    ),
    "settings in another order": Scenario(
        (replace("params.yaml", "{hidden: [128], activation: relu}", "{activation: relu, hidden: [128]}"),),
        set(),
        set(),
    ),
    # sources and commands
    "a source with the same outcome": Scenario((COMMENT,), ENCODED, {"encode_table"}),
    "a source with another outcome": Scenario(
        (replace("pipeline/train_embedding.py", '["run", "embedding.dimension"]', '["embedding.dimension"]'),),
        EMBEDDINGS | END,
        EMBEDDINGS | END,
    ),
    "a source that all import": Scenario((append("pipeline/toy.py", "# a remark\n"),), ALL, ALL),
    "a source taken back after a run": Scenario((NO_COMMENT,), ENCODED, set(), before=(COMMENT,)),
    "a command": Scenario((replace("dvc.yaml", "-S -E pipeline/tune.py", "-E -S pipeline/tune.py"),), TUNE | END, TUNE),
    "one more dependency": Scenario(
        (replace("dvc.yaml", "toy.py, raw/corpus.txt]", "toy.py, raw/corpus.txt, raw/table.csv]"),),
        {"ingest_corpus"} | EMBEDDINGS | END,
        {"ingest_corpus"},
    ),
    "one dependency less, and another description": Scenario(
        (replace("dvc.yaml", "reports/records, models]", "reports/records]"), replace("dvc.yaml", "braces", "dots")),
        set(),
        set(),
    ),
    "a stage under another name": Scenario(
        (replace("dvc.yaml", "  tune:\n", "  search:\n"),), {"search@grid"} | END, set()
    ),
    # data
    "data": Scenario(
        (append("raw/corpus.txt", "jumps\n"),),
        {"ingest_corpus"} | EMBEDDINGS | END,
        {"ingest_corpus"} | EMBEDDINGS | END,
    ),
    "data that DVC tracks": Scenario(
        (append("raw/corpus.txt", "jumps\n"),),
        {"ingest_corpus"} | EMBEDDINGS | END,
        {"ingest_corpus"} | EMBEDDINGS | END,
        before=(run("git", "rm", "--cached", "--quiet", "raw/corpus.txt"), run("dvc", "add", "raw/corpus.txt")),
    ),
    # lists
    "an item more": Scenario((MORE,), RMSPROP | END, RMSPROP | END),
    "an item less": Scenario((replace("params.yaml", "[sgd, adam]", "[sgd]"),), END, END),
    "an item on another list": Scenario(
        (replace("params.yaml", "[softmax, mlp]", "[softmax, mlp, cnn]"),),
        {"train_flights@cnn-sgd", "train_flights@cnn-adam"} | END,
        {"train_flights@cnn-sgd", "train_flights@cnn-adam"} | END,
    ),
    "an item taken back after a run": Scenario((FEWER,), END, END, before=(MORE,)),
    "a list in another order": Scenario((replace("params.yaml", "[sgd, adam]", "[adam, sgd]"),), END, END),
    # outputs
    "an output deleted": Scenario(
        (delete("models/flights/mlp-sgd.safetensors"),), {"train_flights@mlp-sgd"} | END, set()
    ),
    "a folder of outputs deleted": Scenario((delete("models/flights"),), FLIGHTS | END, set()),
    "an output that is a folder deleted": Scenario((delete("reports/pages"),), {"report"}, set()),
    "an output tampered with": Scenario((write("data/table/encoded.npz", "tampered"),), ENCODED, set()),
    "a metric tampered with": Scenario((write("reports/metrics/flights/softmax-sgd.json", "{}"),), {ONE} | END, set()),
    "an output outside the cache tampered with": Scenario((write("reports/comparison.json", "{}"),), END, set()),
    # records
    "the lock deleted": Scenario((delete("dvc.lock"),), ALL, END),
    "the lock and the outputs deleted": Scenario((delete("dvc.lock", "data", "models", "reports"),), ALL, END),
    "the cache deleted too": Scenario((delete("dvc.lock", "data", "models", "reports", ".dvc/cache"),), ALL, ALL),
    "Snakemake's records deleted": Scenario(
        (delete(".snakemake"),), set(), set(), before=(run("snakemake", "--cores=1"),)
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_engines_agree(name: str, project: Project, finished: Project) -> None:
    scenario = SCENARIOS[name]
    for edit in scenario.before:
        edit(project)
    if scenario.before:
        project.run("dvc", "repro")
        project.ran()
    for edit in scenario.edits:
        edit(project)

    assert project.named_by_dvc() == scenario.stale
    assert project.named_by_snakemake() == scenario.stale

    other = project.copy("by-snakemake")
    if scenario.stale:
        project.run("dvc", "repro")
        assert project.ran() == scenario.ran
        assert project.named_by_snakemake() == set()

        other.run("snakemake", "--cores=2")
        assert other.ran() == scenario.ran
        assert other.is_clean()
        assert other.results() == project.results()

    # Whatever the history, after tidying up the project is what a run from nothing makes of it.
    for each in (project, other) if scenario.stale else (project,):
        if each.tidy():  # a folder that others read has lost files
            each.run("dvc", "repro")
    nothing = (
        from_nothing(project) if project.run("git", "diff", "HEAD", "--", "*.yaml", "pipeline", "raw") else finished
    )
    assert project.lock() == nothing.lock()
    assert project.results() == nothing.results()
    assert not scenario.stale or other.lock() == nothing.lock()


def from_nothing(project: Project) -> Project:
    """The same files, run anew; what ran with the same inputs before comes from DVC's run cache."""
    again = project.copy("again")
    delete("dvc.lock", "data", "models", "reports")(again)
    again.run("dvc", "repro")
    return again


@pytest.mark.parametrize(("name", "cores"), [("project", 1), ("my own project", 4)])
def test_the_lock_from_nothing_is_the_same_to_the_byte(
    name: str, cores: int, pristine: Project, finished: Project, tmp_path: Path
) -> None:
    fresh = Project(shutil.copytree(pristine.folder, tmp_path / name, symlinks=True), pristine.preloaded)
    assert fresh.named_by_snakemake() == ALL
    fresh.run("snakemake", f"--cores={cores}")
    assert fresh.named_by_snakemake() == set()
    assert fresh.lock() == finished.lock()
    assert fresh.results() == finished.results()
    assert fresh.tidy() == ""
    assert fresh.lock() == finished.lock()


def test_a_stage_runs_in_a_path_with_a_space_in_processes_of_its_own(pristine: Project, tmp_path: Path) -> None:
    fresh = Project(shutil.copytree(pristine.folder, tmp_path / "my own project", symlinks=True), pristine.preloaded)
    ended = fresh.process("snakemake", "--cores=1", "data/table/table.parquet")
    assert ended.returncode == 0, ended.stderr
    assert fresh.ran() == {"ingest_table"}


def test_the_engine_of_bakeoff_replaces_the_lock_in_one_go(project: Project) -> None:
    FASTER(project)
    before = project.lock()
    with (project.folder / "dvc.lock").open() as old:  # a file written in place would change under this reader
        ended = project.process(
            sys.executable, "-m", "bakeoff.harness.engine", "repro", PYTHONPATH=str(project.folder / "src")
        )
        assert ended.returncode == 0, ended.stderr
        assert old.read() == before != project.lock()


def test_the_same_stages_go_stale_again_and_again(project: Project) -> None:
    for rate in "345":
        replace("params.yaml", f"sgd: 0.{rate}", f"sgd: 0.{int(rate) + 1}")(project)
        project.run("snakemake", "--cores=2")
        assert project.ran() == {ONE} | END


def test_tidy_leaves_what_is_not_dvcs_own(project: Project) -> None:
    replace("params.yaml", "[sgd, adam]", "[sgd]")(project)
    write("models/flights/mlp-adam.safetensors", "mine")(project)
    said = project.tidy().splitlines()
    assert [line for line in said if "kept" in line] == [
        "models/flights/mlp-adam.safetensors: kept, because it is not from 'train_flights@mlp-adam', which is no "
        "longer in dvc.yaml"
    ]
    assert len(said) == 6
    left = {name for name in project.results() if "adam" in name}
    assert left == {"models/flights/mlp-adam.safetensors"}
    assert "train_flights@mlp-adam" in project.lock()
    assert "train_flights@softmax-adam" not in project.lock()


def test_tidy_removes_the_trials_of_searches_that_are_no_more(project: Project) -> None:
    kept, gone = (f".bakeoff/trials/{name}.jsonl" for name in (ONE, "tune_none@bayes"))
    (project.folder / kept).parent.mkdir()
    for path in (kept, gone):
        write(path, "{}")(project)
    assert project.tidy() == f"{gone}: removed; 'tune_none@bayes' is no longer in dvc.yaml\n"
    assert (project.folder / kept).exists()


def test_a_foreign_file_among_outputs_is_an_input_like_others(project: Project) -> None:
    write("reports/records/flights/foreign.json", "{}")(project)
    assert project.named_by_dvc() == project.named_by_snakemake() == END
    project.run("snakemake", "--cores=2")
    assert project.ran() == {"compare", "track"}
    assert project.is_clean()


def test_a_frozen_stage_stays_as_it_is(project: Project) -> None:
    replace("dvc.yaml", "  encode_table:\n", "  encode_table:\n    frozen: true\n")(project)
    append("raw/table.csv", "3,4\n")(project)
    assert project.named_by_dvc() == project.named_by_snakemake() == {"ingest_table"}
    project.run("snakemake", "--cores=2")
    assert project.ran() == {"ingest_table"}
    assert project.is_clean()


def test_a_stage_that_fails_stops_the_run_and_nothing_else(project: Project) -> None:
    replace("params.yaml", "standard", "minmax")(project)
    said = project.run("snakemake", "--cores=1", status=1, TOY_FAILS="tune@grid")
    assert "tune@grid: fails, as asked" in said  # the log of what failed
    named = project.named_by_snakemake()
    assert {"tune@grid"} | END <= named < ENCODED
    assert named == project.named_by_dvc()
    project.run("snakemake", "--cores=2")
    assert project.is_clean()


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (
            replace("params.yaml", "trials: 24", "trials: 0"),
            "params.yaml: tuning.trials is 0, and should be at least 1",
        ),
        (
            replace("dvc.yaml", "cmd: python -S -E pipeline/track.py", "command: python -S -E pipeline/track.py"),
            "'./dvc.yaml' validation failed: 2 errors; see `dvc status`",
        ),
        (delete("raw/table.csv"), "raw/table.csv: not found; 'ingest_table' reads it, and no stage writes it"),
    ],
)
def test_bad_input_ends_in_one_line_before_any_work(edit: Edit, line: str, project: Project) -> None:
    edit(project)
    said = project.run("snakemake", "--cores=1", status=2).splitlines()
    assert said[-1] == f"error: {line}"
    assert len(said) == 2  # the first names the profile
    assert project.ran() == set()


def test_a_gpu_that_is_not_there_is_missed_before_any_work(project: Project, tmp_path: Path) -> None:
    (tmp_path / "packages/torch").mkdir(parents=True)
    (tmp_path / "packages/torch/__init__.py").touch()
    (tmp_path / "packages/torch/version.py").write_text("__version__ = '9.8+cpu'\ncuda = hip = None\n")
    replace("params.yaml", "device: cpu", "device: cuda")(project)
    assert project.named_by_snakemake() == EMBEDDINGS | FLIGHTS | END  # to be told what would run takes no GPU
    ended = project.process("snakemake", "--cores=1", PYTHONPATH=str(tmp_path / "packages"))
    assert ended.returncode == 2
    said = ended.stdout + ended.stderr
    assert "error: params.yaml: run.device is 'cuda', but torch 9.8+cpu can use no GPU; " in said
    assert "Traceback" not in said
    assert project.ran() == set()


@pytest.mark.parametrize(("visible", "most"), [("0", 1), ("0,1,2,3", 4)])
def test_no_more_jobs_use_a_gpu_than_there_are(visible: str, most: int, project: Project) -> None:
    replace("params.yaml", "device: cpu", "device: auto")(project)
    project.run("snakemake", "--cores=4", *sorted(FLIGHTS), CUDA_VISIBLE_DEVICES=visible, TOY_SECONDS="1")
    running, peak = 0, 0
    for line in (project.folder / ".bakeoff/journal").read_text().splitlines():
        event, stage = line.split()
        assert stage in FLIGHTS
        running += {"start": 1, "end": -1}[event]
        peak = max(peak, running)
    assert peak == 1 if most == 1 else peak > 1


@pytest.mark.parametrize(
    "command",
    [
        ("clone", "--config", "core.autocrlf=true", ".", "../clone"),  # as Git for Windows has it
        ("worktree", "add", "../clone"),
    ],
    ids=["clone", "worktree"],
)
def test_results_travel_through_the_remote_beside_the_clone(command: tuple[str, ...], project: Project) -> None:
    """All but the store of MLflow, which `track` fills anew in each."""
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message=results")
    project.run("dvc", "push")
    project.run("git", *command)
    clone = Project(project.folder.with_name("clone"), project.preloaded)
    clone.run("dvc", "pull", "--allow-missing")
    clone.run("dvc", "repro")
    assert clone.ran() == {"track"}
    assert clone.named_by_snakemake() == set()
    assert clone.results() == project.results()


def test_experiments_metrics_and_diffs(project: Project) -> None:
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message=results")
    table = json.loads(project.run("dvc", "metrics", "show", "--json"))
    assert len(table[""]["data"]) == len(FLIGHTS)
    project.run("dvc", "exp", "run", "--name", "longer", "--set-param", "flights.epochs=3")
    assert project.ran() == FLIGHTS | END
    assert project.named_by_snakemake() == set()
    difference = json.loads(project.run("dvc", "params", "diff", "--json"))
    assert difference == {"params.yaml": {"flights.epochs": {"old": 2, "new": 3, "diff": 1}}}
    assert "longer" in project.run("dvc", "exp", "list")


def test_two_workers_run_queued_experiments_side_by_side(project: Project) -> None:
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message=results")
    before = project.results()
    for epochs in (3, 4):
        project.run(
            "dvc", "exp", "run", "--queue", f"--name=epochs-{epochs}", "--set-param", f"flights.epochs={epochs}"
        )
    project.process("dvc", "queue", "start", "--jobs=2")
    deadline = time.monotonic() + 300
    while "Running" in (status := project.run("dvc", "queue", "status")) or "Queued" in status:
        assert time.monotonic() < deadline, status
        time.sleep(1)
    assert status.count("Success") == 2, status + project.run("dvc", "queue", "logs", "epochs-3")
    project.process("dvc", "queue", "stop")
    assert project.results() == before  # they ran in folders of their own
    assert {"epochs-3", "epochs-4"} <= set(project.run("dvc", "exp", "list", "--name-only").split())
    project.run("dvc", "exp", "apply", "epochs-4")
    assert "epochs: 4" in (project.folder / "params.yaml").read_text()
    assert project.named_by_snakemake() <= END  # MLflow's store is that of the folder in which an experiment ran


def test_the_report_is_one_page_that_works_offline(project: Project) -> None:
    FASTER(project)
    project.run("snakemake", "--cores=2")
    offline = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    project.run("snakemake", "--report", "report.html", **offline)
    page = (project.folder / "report.html").read_text()
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?:", page)
    assert set(re.findall(r"[\w@-]+", page)) >= ALL


SLOW = """
import time
from pathlib import Path
from bakeoff.harness import parent_watch
parent_watch.end_with_engine()
Path("started").touch()
time.sleep(60)
"""


@pytest.mark.parametrize("engine", [("dvc", "repro"), ("snakemake", "--cores=1")], ids=["dvc", "snakemake"])
def test_a_killed_engine_leaves_no_stage_behind_and_the_same_command_goes_on(
    engine: tuple[str, ...], project: Project, finished: Project
) -> None:
    write("slow.py", SLOW)(project)
    replace("dvc.yaml", "python -S -E pipeline/ingest_corpus.py", "python slow.py")(project)
    environment = project.environment() | {"PYTHONPATH": str(project.folder / "src")}
    with subprocess.Popen(
        engine, cwd=project.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        assert wait(lambda: (project.folder / "started").exists(), seconds=120)
        family = psutil.Process(process.pid).children(recursive=True)
        assert any("slow.py" in member.cmdline() for member in family)
        process.send_signal(signal.SIGKILL)
    assert wait(lambda: not any(alive(member) for member in family), seconds=10)

    replace("dvc.yaml", "python slow.py", "python -S -E pipeline/ingest_corpus.py")(project)
    if engine[0] == "snakemake":
        assert list((project.folder / ".snakemake/locks").iterdir())
        write("dvc.lock", project.lock()[:-300])(project)  # as a plain `dvc repro` leaves it
        write(".dvc/tmp/rwlock", "")(project)
    project.run(*engine)
    assert project.is_clean()
    assert project.tidy() == ""
    assert project.lock() == finished.lock()


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.05)
    return condition()


def test_a_stage_runs_when_snakemake_is_told_to_force_it(project: Project) -> None:
    """What comes after it is skipped, for it comes out the same; and what was asked for once is forgotten."""
    before = project.results()
    project.run("snakemake", "--cores=2", "--forcerun", "models/flights/mlp-sgd.safetensors", "tune@grid")
    assert project.ran() == {"train_flights@mlp-sgd", "tune@grid"}
    assert project.is_clean() and project.results() == before
    assert "Nothing to be done" in project.run("snakemake", "--cores=2")


@pytest.mark.parametrize("how", ["incomplete", "forced"])
def test_what_is_stale_runs_although_snakemake_runs_a_stage_above_it_that_dvc_finds_unchanged(
    how: str, project: Project
) -> None:
    """Snakemake marks outputs of a job that it kills, although DVC may have finished and recorded the stage."""
    FASTER(project)
    marks, options = project.folder / ".snakemake/incomplete", ["--forcerun", "encode_table"]
    if how == "incomplete":
        marks.mkdir(parents=True, exist_ok=True)
        (marks / base64.urlsafe_b64encode(b"data/table/encoded.npz").decode()).touch()
        options = []
    project.run("snakemake", "--cores=2", *options)
    assert project.ran() == {ONE, *END, *(["encode_table"] if how == "forced" else [])}
    assert project.is_clean()
