"""Faults of the machine, the disk and the user: the pipeline survives each, or says in one line what it is.

Each happens in a copy of a finished run of the small graph. After a fault that ends in a line, the same command without
the fault must bring the bytes of the run without one.
"""

import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LONGEST = 300  # seconds of one command
SHOWN = 150  # characters of a line in the table

CELL = "train_images@softmax-sgd"
TRAIN = ["train_network", "--task", "images", "--model", "softmax", "--optimizer", "sgd"]
OUTPUTS = ("models", "data", "reports")
ONE = ["dvc", "repro", "--single-item", CELL]
ALL = [sys.executable, "-m", "bakeoff.harness.engine", "repro"]
SNAKEMAKE = ["snakemake", "--cores", "2"]
TRACK = [sys.executable, "-m", "pipeline.track"]


@dataclass(frozen=True)
class Row:
    """What came of one fault.

    Attributes:
        came: `survived`, `one line`, `not run here`, or what was wrong.
        line: what was said, where it ended in a line.
    """

    name: str
    came: str
    line: str

    @property
    def well(self) -> bool:
        return self.came in ("survived", "one line", "not run here")


class Copy:
    """A copy of the run, and the commands that are given in it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, dict(environment)
        self.before = self.contents()

    def contents(self) -> dict[str, bytes]:
        files = [path for name in OUTPUTS for path in sorted((self.folder / name).rglob("*"))]
        there = [path for path in files if path.is_file() and path.name[0] != "."]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in there}

    def run(self, *command: str, limit: tuple[int, int] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command, under a limit of the system's if one is given."""

        def limited() -> None:
            if limit:
                resource.setrlimit(limit[0], (limit[1], limit[1]))

        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=LONGEST,
            preexec_fn=limited,
        )  # fmt: skip

    def stage(self, *words: str, limit: tuple[int, int] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a stage's script by hand."""
        return self.run(sys.executable, "-m", f"pipeline.{words[0]}", *words[1:], limit=limit)

    def small_disk(self, folder: str, kilobytes: int, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command while a folder of the copy lies on a disk of so many kilobytes, which is empty."""
        mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs {folder} && exec "$@"'
        (self.folder / folder).mkdir(parents=True, exist_ok=True)
        return self.run("unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh", *command)

    def forget(self, stages: str) -> None:
        """Make stages whose names begin so, all of images, stages that never ran."""
        shutil.rmtree(self.folder / "models/images")
        shutil.rmtree(self.folder / ".dvc/cache/runs", ignore_errors=True)
        entry = re.compile(rf"^  {re.escape(stages)}.*:\n(?:    .*\n)+".encode(), re.MULTILINE)
        self.edit("dvc.lock", lambda lock: entry.sub(b"", lock))

    def edit(self, path: str, change: Callable[[bytes], bytes]) -> None:
        file = self.folder / path
        content = change(file.read_bytes())
        file.unlink()  # it may be a link into DVC's cache
        file.write_bytes(content)


Done = subprocess.CompletedProcess[str]


def module(*words: str) -> list[str]:
    return [sys.executable, "-m", f"pipeline.{words[0]}", *words[1:]]


def flip(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def lock_begins_anew(change: Callable[[bytes], bytes], *command: str) -> Callable[[Copy], Done]:
    """dvc.lock as a kill leaves it; a command mends it first."""

    def fault(copy: Copy) -> Done:
        (copy.folder / ".bakeoff").mkdir(exist_ok=True)
        shutil.copy(copy.folder / "dvc.lock", copy.folder / ".bakeoff/dvc.lock")
        copy.edit("dvc.lock", change)
        return copy.run(*command)

    return fault


def damaged(path: str, change: Callable[[bytes], bytes]) -> Callable[[Copy], Done]:
    """A file of the graph with other bytes; DVC sees it, and brings back or makes what there was."""

    def fault(copy: Copy) -> Done:
        copy.edit(path, change)
        return copy.run(*ALL)

    return fault


def damaged_cache(copy: Copy) -> Done:
    objects = sorted((copy.folder / ".dvc/cache/files").rglob("*"), key=lambda path: path.stat().st_size)
    path = next(path for path in reversed(objects) if path.is_file())
    path.chmod(0o644)
    path.write_bytes(flip(path.read_bytes()))
    shutil.rmtree(copy.folder / "models/images")
    return copy.run(*ALL)


def damaged_training(copy: Copy) -> Done:
    """A bit of what a stopped cell has kept."""
    with subprocess.Popen(module(*TRAIN), cwd=copy.folder, env=copy.environment, stderr=subprocess.DEVNULL) as running:
        end = time.monotonic() + LONGEST
        while not list((copy.folder / ".checkpoints").rglob("*.ended")) and time.monotonic() < end:
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
    for path in (copy.folder / ".checkpoints").rglob("*.ended"):
        path.write_bytes(flip(path.read_bytes()))
    return copy.stage(*TRAIN)


def two(first: Sequence[str], second: Sequence[str]) -> Callable[[Copy], Done]:
    """A command while another is at work in the same folder."""

    def fault(copy: Copy) -> Done:
        copy.forget("train_images@")
        with subprocess.Popen(
            first, cwd=copy.folder, env=copy.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            end = time.monotonic() + LONGEST
            while not list((copy.folder / ".bakeoff/live").rglob("*.jsonl")) and time.monotonic() < end:
                time.sleep(0.01)
            done = copy.run(*second)
            running.wait(LONGEST)
        return done

    return fault


def eight_trackers(copy: Copy) -> Done:
    for path in copy.folder.glob("mlflow.db*"):
        path.unlink()
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: copy.run(*TRACK), range(8)))
    return next((one for one in done if one.returncode), done[0])


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        for connection in taken:
            connection.close()


def hanging(copy: Copy) -> Done:
    with silent_server() as port:
        copy.environment["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{port}"
        return copy.run(*TRACK)


def locked_store(copy: Copy) -> Done:
    with sqlite3.connect(copy.folder / "mlflow.db", isolation_level=None) as store:
        store.execute("BEGIN EXCLUSIVE")
        return copy.run(*TRACK)


def with_environment(*command: str, **variables: str | None) -> Callable[[Copy], Done]:
    def fault(copy: Copy) -> Done:
        for name, value in variables.items():
            copy.environment.pop(name, None)
            if value is not None:
                copy.environment[name] = value
        return copy.run(*command)

    return fault


def plain_user(*command: str) -> list[str]:
    """A command of a user whom permissions bind, be this one root."""
    if os.geteuid() != 0:
        return list(command)
    bound = "-dac_override,-dac_read_search,-fowner"
    return ["setpriv", f"--bounding-set={bound}", f"--inh-caps={bound}", *command]


def read_only(copy: Copy) -> Done:
    (copy.folder / "models/images").chmod(0o555)
    try:
        return copy.run(*plain_user(*module(*TRAIN)))
    finally:
        (copy.folder / "models/images").chmod(0o755)


def clock_set_back(copy: Copy) -> Done:
    future = time.time() + 365 * 24 * 3600
    for path in copy.folder.rglob("*"):
        if path.is_file() and ".dvc" not in path.parts:
            os.utime(path, (future, future))
    return copy.run(*SNAKEMAKE)


def moved(name: str) -> Callable[[Copy], Done]:
    def fault(copy: Copy) -> Done:
        other = Copy(copy.folder.rename(copy.folder.with_name(name)), copy.environment)
        done = other.run(*SNAKEMAKE, "--forcerun", CELL)
        other.folder.rename(copy.folder)
        return done

    return fault


def clone(*options: str) -> Callable[[Copy], Done]:
    """A clone that trains a cell from the data; files of the copy that are not committed come along as edits."""

    def fault(copy: Copy) -> Done:
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@localhost"]
        copy.run("git", "add", "--all")
        copy.run(*git, "commit", "--quiet", "--message=all")
        made = copy.folder.with_name("clone")
        copy.run("git", "clone", "--quiet", *options, copy.folder.as_uri(), str(made))
        shutil.copytree(copy.folder / "data", made / "data", dirs_exist_ok=True)
        if not options:
            (made / "untracked").write_text("mine")
            with (made / "README.md").open("a") as file:
                file.write("dirty\n")
        done = copy.run("sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(made), *module(*TRAIN))
        if done.returncode == 0:
            paths = [path for path in copy.before if "images/softmax-sgd" in path]
            if not paths or any((made / path).read_bytes() != copy.before[path] for path in paths):
                return subprocess.CompletedProcess(done.args, 0, "", "OTHER BYTES in the clone")
        return done

    return fault


def without_git(copy: Copy) -> Done:
    shutil.rmtree(copy.folder / ".git")
    return copy.stage(*TRAIN)


def edited(copy: Copy) -> Done:
    """params.yaml is edited while a cell trains."""
    shutil.rmtree(copy.folder / "models/images")
    command, out, errors = module(*TRAIN), subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(
        command, cwd=copy.folder, env=copy.environment, stdout=out, stderr=errors, text=True
    ) as running:
        end = time.monotonic() + LONGEST
        while not list((copy.folder / ".bakeoff/live").rglob("*.jsonl")) and time.monotonic() < end:
            time.sleep(0.01)
        before = (copy.folder / "params.yaml").read_bytes()
        copy.edit("params.yaml", lambda text: text.replace(b"batch_size: 256", b"batch_size: 128", 1))
        said = running.communicate(timeout=LONGEST)[1]
    (copy.folder / "params.yaml").write_bytes(before)
    return subprocess.CompletedProcess(command, running.returncode, "", said)


def killed_snakemake(copy: Copy) -> Done:
    """Snakemake's lock of a process that is gone, and a list of readers that DVC had begun to write."""
    shutil.rmtree(copy.folder / "models/images")
    with subprocess.Popen(
        SNAKEMAKE, cwd=copy.folder, env=copy.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        end = time.monotonic() + LONGEST
        while not list((copy.folder / ".snakemake/locks").glob("*")) and time.monotonic() < end:
            time.sleep(0.02)
        running.kill()
    time.sleep(5)
    (copy.folder / ".dvc/tmp/rwlock").write_bytes(b"")
    return copy.run(*SNAKEMAKE)


def live(copy: Copy) -> Done:
    """The history of a running training goes to a device that is always full."""
    folder = copy.folder / ".bakeoff/live" / CELL
    folder.mkdir(parents=True)
    for name in ("t1", "t2"):
        (folder / f"softmax-sgd-{name}.jsonl").symlink_to("/dev/full")
    return copy.stage(*TRAIN)


def shared_memory(copy: Copy) -> Done:
    mount = 'mount -t tmpfs -o size=64k tmpfs /dev/shm && exec "$@"'
    return copy.run("unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh", *module(*TRAIN))


FAULTS: dict[str, Callable[[Copy], Done]] = {
    "disk full: a table's parquet": lambda copy: copy.small_disk("data/table", 64, *module("ingest_table")),
    "disk full: pictures": lambda copy: copy.small_disk("data/images", 64, *module("ingest_images")),
    "disk full: word ids": lambda copy: copy.small_disk("data/corpus", 64, *module("ingest_corpus")),
    "disk full: weights": lambda copy: copy.small_disk("models/images", 4, *module(*TRAIN)),
    "disk full: run records": lambda copy: copy.small_disk("reports/records/images", 4, *module(*TRAIN)),
    "disk full: checkpoints": lambda copy: copy.small_disk(".checkpoints", 8, *module(*TRAIN)),
    "disk full: live histories": live,
    "disk full: figures": lambda copy: copy.small_disk("reports/figures", 64, *module("report")),
    "limit of a file's length": lambda copy: copy.stage(*TRAIN, limit=(resource.RLIMIT_FSIZE, 4096)),
    "a bit flipped in data": damaged("data/images/images.npz", flip),
    "a bit flipped in weights": damaged("models/images/softmax-sgd.safetensors", flip),
    "a bit flipped in DVC's cache": damaged_cache,
    "a bit flipped in a checkpoint": damaged_training,
    "data cut in half": damaged("data/table/encoded.npz", half),
    "a record cut in half": damaged("reports/records/images/softmax-sgd.json", half),
    "dvc.lock of 0 bytes, Snakemake": lock_begins_anew(lambda _: b"", *SNAKEMAKE),
    "dvc.lock cut in half, Snakemake": lock_begins_anew(half, *SNAKEMAKE),
    "dvc.lock cut in half, DVC": lock_begins_anew(half, *ALL),
    "locks of a killed Snakemake": killed_snakemake,
    "params.yaml edited during a run": edited,
    "two Snakemakes at once": two(SNAKEMAKE, SNAKEMAKE),
    "two DVCs at once": two(ONE, ONE),
    "eight trackers, a new store": eight_trackers,
    "MLflow's server down": with_environment(*TRACK, MLFLOW_TRACKING_URI="http://127.0.0.1:9"),
    "MLflow's server hangs": hanging,
    "MLflow's store locked": locked_store,
    "a folder that may not be written": read_only,
    "clock set back by a year": clock_set_back,
    "24 file handles": lambda copy: copy.stage(*TRAIN, limit=(resource.RLIMIT_NOFILE, 24)),
    "1.5 GB of address space": lambda copy: copy.stage(*TRAIN, limit=(resource.RLIMIT_AS, 1_500_000_000)),
    "64 kB of shared memory": shared_memory,
    "no HOME": with_environment(*ALL, "--force", "--single-item", CELL, HOME=None),
    "LC_ALL=C": with_environment(*ALL, "--force", "--single-item", CELL, LC_ALL="C", LANG=None),
    "another time zone": with_environment(*ALL, "--force", "--single-item", CELL, TZ="Pacific/Kiritimati"),
    "e-acute and a space in the path": moved("un chemin \u00e9troit"),
    "a shallow clone": clone("--depth=1"),
    "a dirty clone": clone(),
    "no git": without_git,
}  # fmt: skip


def run(project: Path, environment: Mapping[str, str], only: Sequence[str] | None) -> Iterator[Row]:
    """Each fault in a copy of its own; a row for each, printed when it is there."""
    for name, fault in FAULTS.items():
        if only and name not in only:
            continue
        with tempfile.TemporaryDirectory(prefix="bakeoff-") as parent:
            copy = Copy(shutil.copytree(project, Path(parent) / "project", symlinks=True), environment)
            row = judged(name, copy, fault)
        print(f"{row.name:<36} {row.came:<12} {row.line}", flush=True)
        yield row


def judged(name: str, copy: Copy, fault: Callable[[Copy], Done]) -> Row:
    try:
        done = fault(copy)
    except subprocess.TimeoutExpired:
        return Row(name, f"FAULT: no end within {LONGEST} s", "")
    except FileNotFoundError as error:  # a tool of Linux that this system lacks
        return Row(name, "not run here", str(error))
    lines = (done.stderr or "").strip().splitlines()
    told = [line for line in lines if line.lower().startswith(("error", "lockexception"))]
    line = (told or lines or [""])[-1]
    if "unshare:" in line or "mount:" in line or "setpriv:" in line:
        return Row(name, "not run here", shortened(line))
    line = shortened(re.sub(r"[0-9a-f]{60,}", "DIGEST", line.replace(str(copy.folder), "FOLDER")))
    if done.returncode == 0:
        changed = [path for path, content in copy.before.items() if copy.contents().get(path) != content]
        if changed or "OTHER BYTES" in line:
            return Row(name, f"FAULT: other bytes in {len(changed)} files, {changed[:2]}", line)
        return Row(name, "survived", "")
    if "Traceback" in done.stderr or len(told) != 1:
        return Row(name, f"FAULT: status {done.returncode}, {len(lines)} lines", line)
    return Row(name, "one line", line)


def shortened(line: str) -> str:
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}..."


def table(rows: Sequence[Row]) -> str:
    head = f"{len(rows)} faults, {sum(not row.well for row in rows)} neither survived nor reported in one line."
    lines = [f"| {row.name} | {row.came} | {row.line.replace('|', '/')} |" for row in rows]
    return "\n".join([head, "", "| fault | outcome | message |", "|---|---|---|", *lines])
