"""The base of all stages: settings, inputs, atomic outputs, the run record, and a clean exit."""

import argparse
import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from bakeoff.base import files, paths, provenance, record
from bakeoff.base.disk import CHECKPOINTS, refusal, writing
from bakeoff.base.distributed import leads
from bakeoff.base.paths import Kind
from bakeoff.base.progress import Progress, Unit
from bakeoff.base.record import Record, Run
from bakeoff.base.settings import BadInput, Settings
from bakeoff.base.signals import exit_on_sigterm
from bakeoff.data.names import addressed
from bakeoff.data.sources.addresses import redacted_values
from bakeoff.harness import parent_watch, restore_outputs
from bakeoff.harness.inputs import Inputs

T = TypeVar("T")
S = TypeVar("S", bound=Settings)

LIVE = Path(paths.LIVE)
ENDED = Path(paths.ENDED)


class Stage:
    """A running stage. It computes first and writes last: old outputs are replaced only when all new ones are complete.

    Attributes:
        name: as DVC has it, `train_images@cnn-adam`.
        addressed: replaces `data.<kind>` in a message by the name of the data set in params.yaml.
    """

    addressed: Callable[[str], str]

    def __init__(self, name: str, script: Path) -> None:
        self.name = name
        self.addressed = str
        self.started = time.monotonic()
        self._script = script
        self._read = Inputs()
        self._partial: dict[Path, Path] = {}
        self._uncached: list[Path] = []

    def settings(self, key: str, kind: type[T]) -> T:
        """Return the section of params.yaml under a dotted key, which `params:` of this stage in dvc.yaml must list."""
        value: T = self._read.setting(key, kind)
        return value

    def section(self, prefix: str, kind: type[S]) -> S:
        """Return the fields of `kind` of a section of params.yaml, of which the stage reads no others."""
        values = {
            name: self._read.setting(f"{prefix}.{name}", field.rebuild_annotation())
            for name, field in kind.model_fields.items()
        }
        return kind.model_validate(values)

    def file_settings(self, path: str, kind: type[T]) -> T:
        """Return another file of settings, which `params:` of this stage in dvc.yaml must list."""
        value: T = self._read.file_settings(path, kind)
        return value

    def input(self, path: str) -> Path:
        """Return the path of an input, and record its hash.

        Raises:
            BadInput: it is missing.
        """
        if not Path(path).exists():
            raise BadInput(f"{path}: not found; `dvc repro {self.name}` makes it first")
        self._read.hash(path)
        self.code  # noqa: B018  as it is before the work, whatever is edited meanwhile
        return Path(path)

    def watched(self, folder: str) -> None:
        """Watch a folder of the user's own data: an edit while the stage runs is an error."""
        self._read.watch(folder)

    @property
    def inputs(self) -> Mapping[str, str]:
        """sha256 of each input that the stage has read so far, by path."""
        return self._read.digests

    def output(self, path: str, write: Callable[[Path], None], *, cached: bool = True) -> None:
        """Write an output under a temporary name; it is renamed when the stage ends.

        Args:
            cached: whether it is in DVC's cache; false if dvc.yaml has `cache: false`.
        """
        final = Path(path)
        if not cached:
            self._uncached.append(final)
        final.parent.mkdir(parents=True, exist_ok=True)
        self._partial[final] = files.partial(final)
        with writing(final):
            write(self._partial[final])

    @property
    def digest(self) -> str:
        """Digest of what determines the stage: the settings and inputs that it has read so far, and its code."""
        return record.digest(self.name, self._read.settings, self._read.digests, self.code)

    @cached_property
    def code(self) -> str:
        """sha256 over the source files of the stage."""
        return provenance.combined(provenance.sources(self._script))

    def record(self, path: str, task: str, runs: Sequence[Run]) -> None:
        """Write the run record, with the settings and inputs that the stage has read so far.

        The digest is of the complete settings; the record shows addresses without their secrets.
        """
        settings = {key: redacted_values(value) for key, value in self._read.settings.items()}
        made = Record(self.name, task, self.digest, settings, self._read.digests, self.code, runs)
        self.output(path, partial(record.write, made))

    def metrics(self, path: str, values: Mapping[str, float | str]) -> None:
        """Write metrics as JSON, into a file that is in git."""
        self.output(path, lambda path: _write(path, record.dump(dict(values))), cached=False)

    def progress(self, total: int, unit: Unit = "steps") -> Progress:
        return Progress(total, self.name, unit=unit)

    def say(self, lines: Iterable[str]) -> None:
        """Print lines about the data."""
        for line in lines:
            print(self.addressed(line), flush=True)

    def watch(self, run: str, parameters: Mapping[str, Any]) -> Callable[[Mapping[str, float]], None]:
        """Return a function that appends a row to the run's live history, for `bakeoff track --watch`."""
        path = LIVE / self.name / f"{run}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path):
            _write(path, json.dumps({"parameters": parameters}, sort_keys=True) + "\n")

        def append(row: Mapping[str, float]) -> None:
            with writing(path), path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, sort_keys=True) + "\n")

        return append

    def finish(self) -> None:
        """Rename the outputs, then print the duration; finished trainings are kept until then.

        Raises:
            BadInput: settings or inputs have changed since they were read, or the disk is full.
        """
        for final, written in self._partial.items():
            with writing(final), written.open("rb") as file:
                os.fsync(file.fileno())
        changes = list(self._read.changes(self.name))  # last, because DVC records the state from now on
        if changes:
            raise BadInput(f"{'; '.join(changes)}; nothing was written, so run the same command again")
        for final, written in self._partial.items():
            with writing(final):
                written.replace(final)
        restore_outputs.keep(self.name, self._uncached)
        shutil.rmtree(CHECKPOINTS / self.name, ignore_errors=True)
        seconds = time.monotonic() - self.started
        ENDED.mkdir(parents=True, exist_ok=True)
        read = {"settings": sorted(self._read.settings), "inputs": sorted(self._read.digests)}
        _write(ENDED / f"{self.name}.json", record.dump({"seconds": round(seconds, 3), **read}))
        print(f"{self.name}: done in {seconds:.1f} s", flush=True)

    def clean(self) -> None:
        """Remove incomplete outputs, and the live histories."""
        for written in self._partial.values():
            written.unlink(missing_ok=True)
        if (LIVE / self.name).exists():
            shutil.rmtree(LIVE / self.name)


class Follower(Stage):
    """The stage in a process of torchrun with another rank than 0: it does the same work, and writes nothing."""

    def output(self, *_: Any, **__: Any) -> None:
        pass

    def progress(self, total: int, unit: Unit = "steps") -> Progress:
        return Progress(total, self.name, io.StringIO(), unit)

    def say(self, *_: Any) -> None:
        pass

    def watch(self, *_: Any) -> Callable[[Mapping[str, float]], None]:
        return lambda _: None

    def finish(self) -> None:
        pass

    def clean(self) -> None:
        pass


def run(
    work: Callable[..., None], name: str, *, about: tuple[str, Kind] | None = None, **choices: Iterable[str] | None
) -> None:
    """Run a stage script: `work(stage, **identities)`, with the identities of the command line.

    Args:
        name: the stage's name in dvc.yaml, with identities in braces: `train_{task}@{model}-{optimizer}`.
        about: the identity that names a data set, and the kind of the data set; by default the name is that of the
            kind. Messages of readers name the settings `data.<kind>`, which is replaced by the name here.
        choices: the possible values of each identity; None for a name of a data set or a task in params.yaml.

    Exits with status 2 after one line for bad input, and with 130 and 143 after SIGINT and SIGTERM.
    """
    parser = _Parser(description=sys.modules["__main__"].__doc__)
    for option, known in choices.items():
        preset = about[1] if about and option == about[0] else None
        listed = None if known is None else list(known)
        parser.add_argument(f"--{option}", choices=listed, required=preset is None, default=preset)
    parent_watch.end_with_engine()  # again, for a script outside of pipeline/
    exit_on_sigterm()
    try:
        with restore_outputs.kept_on_failure():
            identities = _identities(parser)
            script = Path(*work.__globals__["__spec__"].name.split(".")).with_suffix(".py")
            stage = (Stage if leads() else Follower)(name.format(**identities), script)
            if about is not None:
                stage.addressed = partial(addressed, kind=about[1], name=identities[about[0]])
            try:
                work(stage, **identities)
                stage.finish()
            except BadInput as error:
                raise BadInput(stage.addressed(str(error))) from error
            finally:
                stage.clean()
    except BadInput as error:
        if not leads():  # rank 0 reports it
            sys.exit(2)
        fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        said = refusal(error)
        if said is None:
            raise
        fail(said)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}; --help lists the arguments")


def _identities(parser: _Parser) -> dict[str, Any]:
    """Return the arguments of the command line, after a check of all of params.yaml.

    Raises:
        BadInput: an argument is invalid. DVC takes arguments from params.yaml, so errors in that file are named first.
    """
    from bakeoff.harness.params import check  # the gate: see provenance.GATES

    try:
        return vars(parser.parse_args())
    finally:
        check()


def fail(error: BadInput) -> NoReturn:
    """Print one line, and exit with the status for bad input."""
    print(f"error: {error}", file=sys.stderr, flush=True)
    sys.exit(2)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
