"""Tests run in the environment in which the stages do, and some on processors that are not here."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import psutil
import pytest

import bakeoff.base.reproducible  # noqa: F401  before any test imports torch

QEMU = "qemu-x86_64-static"
PR_SET_CHILD_SUBREAPER = 36
SECONDS = 5  # in which a process ends that was told to

SCRIPTS = Path(__file__).with_name("scripts.py")
SERVER = Path(__file__).with_name("preloaded.py")
_spec = spec_from_file_location("preloaded", SERVER)
assert _spec is not None and _spec.loader is not None
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)
request = _module.request

Printed = Callable[..., list[str]]  # by a processor; by this one where none is named

# A shell that starts a command in the background (`nohup make test &`, some CI systems) makes it ignore SIGINT, and all
# processes below it inherit that. The tests that send SIGINT expect what a terminal gives.
signal.signal(signal.SIGINT, signal.default_int_handler)

# `make test` hands its options down; a test that runs `make` runs it as a user does.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(name, None)

# A process whose parent has ended becomes a child of this one, so that `no_process_is_left` sees it.
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


class Preloaded:
    """A command whose imports are done: see preloaded.py."""

    def __init__(self, command: str, folder: Path) -> None:
        self.address = str(folder / f"{command}.socket")
        self.server = subprocess.Popen([sys.executable, str(SERVER), command, self.address], cwd=folder.anchor)
        self.path = folder / f"bin-{command}"  # for PATH: what starts the command asks the server
        self.path.mkdir()
        ask = f'exec "{sys.executable}" -S -E "{SERVER}" {command} "{self.address}" "$@"'
        name, script = command, ask
        if command.startswith("bakeoff."):
            name = "python"
            script = f'if [ "$1 $2" = "-m {command}" ]; then shift 2; {ask}; fi; exec "{sys.executable}" "$@"'
        elif command == "pipeline":
            name = "python"
            script = f'case "$1 $2" in "-m pipeline."*) shift; {ask};; esac; exec "{sys.executable}" "$@"'
        (self.path / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.path / name).chmod(0o755)
        while not Path(self.address).exists():
            assert self.server.poll() is None
            time.sleep(0.01)

    def run(self, *arguments: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, with its streams captured as text."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, Path(os.devnull).open() as empty:
            streams = [file.fileno() for file in (empty, out, err)]
            status = request(self.address, arguments, str(cwd), env, streams)
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess(arguments, status, out.read(), err.read())


@pytest.fixture(scope="session")
def preloaded() -> Iterator[Callable[[str], Preloaded]]:
    """Start the server for a command at its first use."""
    servers: dict[str, Preloaded] = {}
    with tempfile.TemporaryDirectory(prefix="bakeoff-") as folder:  # a socket's path has 108 bytes at most

        def server(command: str) -> Preloaded:
            if command not in servers:
                servers[command] = Preloaded(command, Path(folder))
            return servers[command]

        yield server
        for started in servers.values():
            started.server.kill()
            started.server.wait()


@pytest.fixture(scope="session")
def preloaded_python(preloaded: Callable[[str], Preloaded]) -> Preloaded:
    """`python -m MODULE` of the project."""
    return preloaded("python")


@pytest.fixture(scope="module", autouse=True)
def sys_path_is_restored() -> Iterator[None]:
    """Undo what MLflow does when it loads a model: it puts the model's copy of the package first in sys.path.

    Later tests hand sys.path to processes of their own, which would import that copy, a part of the package.
    """
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    """Fail a test that leaves a process running, after that process is killed: it would disturb later tests."""
    before = set(children())
    yield
    left = [child for child in children() if child not in before and not serves_python(child)]
    _, running = psutil.wait_procs(left, timeout=SECONDS)
    commands = [" ".join(child.cmdline()) for child in running]
    for child in running:
        for process in [*child.children(recursive=True), child]:
            process.kill()
    psutil.wait_procs(running)
    assert not commands, f"left running: {commands}"


def children() -> list[psutil.Process]:
    """Return the running children of this process; wait for those that have ended: none stays a zombie."""
    if Path("/proc/self/task").exists():  # a hundredth of the time that psutil takes to look at all processes
        found = [psutil.Process(int(pid)) for pid in listed() if psutil.pid_exists(int(pid))]
    else:
        found = psutil.Process().children()
    for child in found:
        if child.status() == psutil.STATUS_ZOMBIE:
            os.waitpid(child.pid, os.WNOHANG)
    return [child for child in found if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def listed() -> list[str]:
    """Return the process ids of all threads' children; read anew where a thread ends meanwhile."""
    while True:
        try:
            return [pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue


def serves_python(process: psutil.Process) -> bool:
    """Return whether multiprocessing, joblib or `preloaded` keeps a process for the life of its parent."""
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return True
    return any(word in command for word in ("resource_tracker", "forkserver", "loky", SERVER.name))


@pytest.fixture(scope="session")
def scripts(request: pytest.FixtureRequest) -> Callable[[str | None], dict[str, list[str]]]:
    """What each file with emulated tests prints when it is run as a script, by a processor."""
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed (Debian: qemu-user-static)")
    items = [item for item in request.session.items if item.get_closest_marker("emulated")]

    @cache
    def run(processor: str | None) -> dict[str, list[str]]:
        if processor:
            run(None)  # first: Numba then loads what it compiled here, if the processor's name and features are pinned
        named = [item for item in items if processor in (None, processor_of(item))]
        prefix = [QEMU, "-cpu", processor] if processor else []
        command = [*prefix, sys.executable, str(SCRIPTS), *sorted({str(item.path) for item in named})]
        found: dict[str, list[str]] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return found

    return run


def processor_of(item: pytest.Item) -> str:
    """The processor that an emulated test names."""
    assert isinstance(item, pytest.Function)
    return str(item.callspec.params["processor"])


@pytest.fixture
def printed(request: pytest.FixtureRequest, scripts: Callable[[str | None], dict[str, list[str]]]) -> Printed:
    """The lines that the test's own file prints when it is run as a script, on an emulated processor too."""

    def lines(processor: str | None = None) -> list[str]:
        found = scripts(processor)
        assert str(request.path) in found, "the script failed; see its error output"
        return found[str(request.path)]

    return lines


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The emulated tests share processes, so they share a worker. It begins with them, for they are a group."""
    for item in items:
        if item.get_closest_marker("emulated"):
            item.add_marker(pytest.mark.xdist_group("emulated"))
