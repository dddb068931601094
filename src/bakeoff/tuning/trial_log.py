"""The finished trainings of a search on disk: a search that starts again, or that gets more trials, repeats none."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bakeoff.base import files, paths
from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.disk import CHECKPOINTS, writing
from bakeoff.base.machine import processor
from bakeoff.base.reproducible import HEAVY
from bakeoff.base.workers import Answering
from bakeoff.tuning.dotted import EPOCHS
from bakeoff.tuning.evaluation import Part
from bakeoff.tuning.searchers.searcher import Slope
from bakeoff.tuning.space import Point
from bakeoff.tuning.trained import Asked, Trained, Trainings

FOLDER = Path(paths.TRIALS)
MOST = 10_000  # lines of one log that stay when its search ends


class TrialLog:
    """An append-only file with a JSON line for each finished training, and for each gradient, of a search.

    A line has two digests: of what all trainings of the search share and no setting says (code, data, libraries,
    processor), and of the rest that determines the result (settings of the training, examples, seed, and whether the
    test split is measured). A line is read only if its checksum is right, so that one that ends early is ignored.

    A context for the process that searches, which alone writes. The file stays when the search ends. It then loses the
    lines of other code, data, libraries and processors, and of the others all but the last `MOST`.

    Attributes:
        checkpoints: of the trainings that pause. The stage removes them when its outputs stand.
        taken: trainings that were not repeated because an earlier run has finished them.
    """

    def __init__(
        self, stage: str, shared: Mapping[str, Any], folder: Path = FOLDER, checkpoints: Path = CHECKPOINTS
    ) -> None:
        """Args:
        shared: the values that determine all results of the search, except its settings.
        checkpoints: the folder of the checkpoints of all stages.
        """
        self.path = folder / f"{stage}.jsonl"
        self.shared = digest([shared, {name: version(name) for name in HEAVY}, processor()])
        self.checkpoints = Checkpoint(stage, self.shared, checkpoints)
        self.taken = 0
        self.torn = False
        self.lines: list[bytes] = []
        self.results: dict[str, Any] = {}
        self.earlier: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for another process, which trains and does not read the log: without its lines."""
        return self.__dict__ | {"lines": [], "results": {}, "earlier": set()}

    def __enter__(self) -> Self:
        text = self.path.read_bytes() if self.path.exists() else b""
        self.torn = not text.endswith(b"\n") and bool(text)
        self.lines = list(filter(None, text.split(b"\n")))
        for line in self.lines:
            found = parsed(line)
            if found and found["shared"] == self.shared:
                self.results[found["key"]] = found["result"]
        self.earlier = set(self.results)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.shorten()

    def get(self, key: str) -> Any | None:
        """Return the result of a key; None if there is none."""
        return self.results.get(key)

    def add(self, key: str, result: Any) -> None:
        """Append a result.

        Raises:
            BadInput: the disk is full, say.
        """
        line = written({"shared": self.shared, "key": key, "result": result})
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(b"\n" * self.torn + line + b"\n")  # not behind a line that ends early
                file.flush()
                os.fsync(file.fileno())
        self.torn = False
        self.lines.append(line)
        self.results[key] = result

    def shorten(self) -> None:
        """Remove the lines that no search with this code and these data reads, and the oldest of the others."""
        found = [(line, parsed(line)) for line in self.lines]
        own = [line for line, document in found if document and document["shared"] == self.shared]
        if own[-MOST:] != self.lines:
            with writing(self.path):
                files.replace(self.path, lambda path: path.write_bytes(b"".join(line + b"\n" for line in own[-MOST:])))


class LoggedTrainings:
    """The trainings of a search, of which those in the log are not repeated.

    The searcher is asked and told in any case: its state is that of a search from the beginning.

    Attributes:
        asked: trainings that were asked for, those from the log among them.
    """

    def __init__(self, log: TrialLog, objective: Trainings, shared: Mapping[str, Any]) -> None:
        """Args:
        shared: the settings besides those of a candidate that determine all trainings of the search.
        """
        self.log, self.objective, self.shared = log, objective, shared
        self.asked = 0

    def key(self, asked: Asked) -> str:
        """Return the digest of the settings of a training."""
        point, of = asked
        base = self.objective.base
        candidate = base.at(point)
        part = Part(self.objective.seed) if of is None else of
        trial = part.document() if isinstance(part, Part) else {"seed": part, "test": True}
        # A training with all epochs is the same whether or not others pause.
        pause = [] if candidate.until is None else [candidate.until]
        return digest([base.model, candidate.rule, candidate.document(), trial, self.shared, *pause])

    def checkpoint(self, asked: Asked) -> Checkpoint | None:
        """Return that of a training which others of its search have begun, or go on with; None where none pauses."""
        point, of = asked
        if not self.objective.base.resume or isinstance(of, int):
            return None
        whole = {name: value for name, value in point.items() if name != EPOCHS}
        return self.log.checkpoints.run(self.key((whole, of)))

    def keep(self, asked: Asked, trained: Trained) -> None:
        """Log a training that has ended, and remove its checkpoint if no other goes on with it."""
        self.log.add(self.key(asked), {"metrics": dict(trained.metrics), "diverged": trained.diverged})
        checkpoint = self.checkpoint(asked)
        if checkpoint and self.objective.base.at(asked[0]).until is None:
            checkpoint.discard()

    def around(self, train: Answering[Asked, Trained]) -> Answering[Asked, Trained]:
        """Return `train`, which calls `keep` for each training, for those that are not in the log."""
        return Remembered(self, train)

    def slope(self, build: Callable[[int], Slope], steps: int) -> Slope:
        """Return the gradient through a number of steps; results in the log are not computed again."""
        return LoggedSlope(self, build(steps), steps)


class Remembered(Answering[Asked, Trained]):
    """Trainings from the log, of which those that are missing are trained.

    Attributes:
        begun: what waits for a training, by its key: equal ones are trained once.
    """

    def __init__(self, trainings: LoggedTrainings, train: Answering[Asked, Trained]) -> None:
        self.trainings, self.train = trainings, train
        self.begun: dict[str, Callable[[], Trained]] = {}

    def begin(self, question: Asked) -> Callable[[], Trained]:
        log, key = self.trainings.log, self.trainings.key(question)
        self.trainings.asked += 1
        log.taken += key in log.earlier
        if log.get(key) is None and key not in self.begun:
            self.begun[key] = self.train.begin(question)
        return partial(self.found, key)

    def found(self, key: str) -> Trained:
        if self.trainings.log.get(key) is None:
            self.begun[key]()
        return Trained(**self.trainings.log.results[key])


class LoggedSlope:
    """The gradient at a point, from the log if it is there."""

    def __init__(self, trainings: LoggedTrainings, slope: Slope, steps: int) -> None:
        self.trainings, self.slope, self.steps = trainings, slope, steps

    @property
    def cost(self) -> int:
        return self.slope.cost

    def __call__(self, point: Point) -> Point:
        log = self.trainings.log
        key = digest([self.trainings.key((point, None)), "slope", list(point), self.steps])
        if log.get(key) is None:
            log.add(key, self.slope(point))
        found: Point = log.results[key]
        return dict(found)


def digest(document: Any) -> str:
    """sha256 of plain values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def written(document: Mapping[str, Any]) -> bytes:
    """Return a document as a line with its checksum. JSON as Python writes it: numbers come back to the bit."""
    return json.dumps({**document, "sha256": digest(document)}).encode()


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the document of a line; None if it is truncated or its checksum is wrong."""
    try:
        document: dict[str, Any] = json.loads(line)
        found = document.pop("sha256")
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return None
    return document if digest(document) == found else None
