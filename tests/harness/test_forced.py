from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bakeoff.harness import forced
from bakeoff.harness.dvc_graph import Stage


def stage(name: str) -> Stage:
    return Stage(name, name, (), (f"models/{name}.npz", f"reports/{name}.json"), False, False, 1, {})


STAGES = [stage(name) for name in ("ingest", "train@cnn-sgd", "train@cnn-adam")]


@dataclass(frozen=True)
class Asked:
    targets: set[str] = field(default_factory=set)
    forcetargets: bool = False
    forceall: bool = False
    forcerun: set[str] = field(default_factory=set)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (Asked(), []),
        (Asked(targets={"ingest"}), []),
        (Asked(forcerun={"ingest"}), ["ingest"]),
        (Asked(forcerun={"train@cnn-adam", "train@cnn-sgd"}), ["train@cnn-sgd", "train@cnn-adam"]),
        (Asked(forcerun={"reports/train@cnn-sgd.json"}), ["train@cnn-sgd"]),
        (Asked(forcerun={"train"}), []),
        (Asked(targets={"ingest"}, forcetargets=True), ["ingest"]),
        (Asked(targets={"models/ingest.npz"}, forcetargets=True), ["ingest"]),
        (Asked(targets={"all"}, forcetargets=True), []),
        (Asked(forceall=True), ["ingest", "train@cnn-sgd", "train@cnn-adam"]),
    ],
)
def test_what_was_named_is_forced_here_and_in_the_process_of_a_job(
    asked: Asked, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forced, "NOTE", tmp_path / "forced")
    forced.note(STAGES, asked)
    of_job = Asked(targets={"ingest"}, forcetargets=True)  # what a job on a cluster is always told
    for main, told in ((True, asked), (False, of_job)):
        assert [one.name for one in STAGES if forced.option(one, told, main) == "--force"] == names
