"""The stages that Snakemake runs although they are not stale: --forcerun, --force, --forceall."""

from collections.abc import Iterable, Sequence, Set
from typing import Protocol

from bakeoff.harness.dvc_graph import MARK, Stage

NOTE = MARK.with_name("forced")  # names, a line each: on a cluster a job is a process of its own, which reads them here


class Asked(Protocol):
    """Snakemake's options that force stages."""

    targets: Set[str]
    forcetargets: bool
    forceall: bool
    forcerun: Set[str]


def option(stage: Stage, asked: Asked, main: bool) -> str:
    """Return the arguments of `dvc repro` for a stage. Stages that read its outputs run too, if these change.

    Args:
        main: whether this is the scheduling process; Snakemake always forces the target of a job's process.
    """
    named = forced(stage, asked) if main else stage.name in NOTE.read_text(encoding="utf-8").splitlines()
    return "--force" if named else ""


def above_stale(stages: Sequence[Stage], asked: Asked) -> set[str]:
    """Return the outputs of forced stages above a stale one, and of the stages between them.

    Snakemake skips the stages after a job unless the age of the input between them counts. So the inputs on the path
    from a forced stage to a stale one must count; DVC skips the stages between them if nothing changed.

    Args:
        stages: each after those that it depends on.
    """
    below: list[Stage] = []
    outputs: set[str] = set()
    for stage in stages:
        if forced(stage, asked) or not outputs.isdisjoint(stage.inputs):
            below.append(stage)
            outputs.update(stage.outputs)
    return outputs if any(stage.stale and not forced(stage, asked) for stage in below) else set()


def note(stages: Iterable[Stage], asked: Asked) -> None:
    NOTE.write_text("".join(f"{stage.name}\n" for stage in stages if forced(stage, asked)), encoding="utf-8")


def forced(stage: Stage, asked: Asked) -> bool:
    """Return whether the options name the stage or one of its outputs."""
    named = set(asked.forcerun) | (set(asked.targets) if asked.forcetargets else set())
    return asked.forceall or not named.isdisjoint({stage.name, *stage.outputs})
