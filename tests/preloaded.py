"""Runs commands in forks of a process that has imported what they need: a test waits for a command's work alone.

`python preloaded.py COMMAND SOCKET` serves runs of a command: `dvc`, `snakemake`, `python` for modules of this project,
a module `bakeoff.NAME` of the project in PYTHONPATH, or `pipeline` for the stages of the project in the working folder.
Each run has its own process, working folder, environment and streams, as a new process would have. The first runs tell
which modules the command loads; those are imported here, and later forks have them.

`python preloaded.py COMMAND SOCKET ARGUMENT...` asks such a server for a run, and ends as that run ends.
"""

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

LOCK_PARSER = Path(__file__).parents[1] / "src/bakeoff/harness/lock_parser.py"
LEARN = 60  # so many runs tell what they load
PROJECT = ("bakeoff", "pipeline")  # a project of a test can hold its own; only the server for `python` imports them


def request(
    address: str, arguments: Sequence[str], cwd: str, environment: Mapping[str, str], streams: list[int]
) -> int:
    """Run a command at the server, with these file descriptors as its streams, and return its exit status."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        message = json.dumps({"arguments": list(arguments), "cwd": cwd, "environment": dict(environment)}).encode()
        connection.sendmsg(
            [len(message).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))]
        )
        connection.sendall(message)
        return int.from_bytes(connection.recv(4), "big", signed=True)


def serve(command: str, address: str) -> None:
    """Answer requests until the process that started this one is gone."""
    running: dict[int, tuple[socket.socket, Path]] = {}
    notes = Path(tempfile.mkdtemp(prefix="preloaded-"))
    runs = 0
    waking, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{address}.new")
        listening.listen(64)
        Path(f"{address}.new").rename(address)  # whoever waits for the file may ask at once
        while os.getppid() == parent:
            ready, _, _ = select.select([listening, waking], [], [], 1)
            if waking in ready:
                waking.recv(4096)
            for pid, status in ended():
                connection, note = running.pop(pid)
                with connection, contextlib.suppress(BrokenPipeError):  # whoever asked has ended
                    connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
                if note.exists():
                    load(json.loads(note.read_text()), command)
                    note.unlink()
                    read_locks_by_libyaml()
            if listening in ready:
                connection, _ = listening.accept()
                asked, streams = received(connection)
                note = notes / str(runs)
                gc.freeze()  # a fork would go through all modules again and again, and copy them as it does
                pid = os.fork()
                if pid == 0:
                    gc.disable()
                    listening.close()
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    if command == "pipeline":
                        descend(peer(connection))
                    work(command, asked, streams, note if runs < LEARN else None)
                for stream in streams:
                    os.close(stream)
                running[pid] = connection, note
                runs += 1


def ended() -> list[tuple[int, int]]:
    found = []
    with contextlib.suppress(ChildProcessError):
        while (one := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(one)
    return found


def received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    head, streams, *_ = socket.recv_fds(connection, 4, 3)
    length, parts = int.from_bytes(head, "big"), bytearray()
    while len(parts) < length:
        parts += connection.recv(length - len(parts))
    return json.loads(parts), list(streams)


def peer(connection: socket.socket) -> int:
    """The process that asked."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0])


def descend(asker: int) -> None:
    """Let psutil say that the process that asked is this one's parent: a stage looks for its engine above itself."""
    import psutil

    own, parents = os.getpid(), psutil.Process.parents

    def found(process: psutil.Process) -> list[psutil.Process]:
        if process.pid != own:
            return parents(process)
        above = psutil.Process(asker)
        return [above, *parents(above)]

    psutil.Process.parents = found


def work(command: str, asked: Mapping[str, Any], streams: Sequence[int], note: Path | None) -> None:
    """Be the command, and end."""
    status = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        status = run(command, asked["arguments"])
    except BaseException:
        sys.excepthook(*sys.exc_info())  # a stage has its own
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        if note is not None:
            note.write_text(json.dumps([name for name in sys.modules if name != "__main__"]))
        if status < 0:  # as a process that a signal ended
            signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
        os._exit(status)


def run(command: str, arguments: list[str]) -> int:
    sys.argv = [command, *arguments]
    try:
        if command == "dvc":
            from dvc.cli import main

            status = main(arguments)
        elif command == "snakemake":
            from snakemake.cli import main

            main(arguments)
            status = 0
        elif command.startswith("bakeoff."):
            sys.path.insert(0, os.environ["PYTHONPATH"])
            runpy.run_module(command, run_name="__main__", alter_sys=True)
            status = 0
        else:
            module, *rest = arguments
            if command == "pipeline":
                sys.path[0] = str(Path.cwd())
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
            status = 0
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    finally:
        atexit._run_exitfuncs()
    return int(status or 0)


def load(names: Sequence[str], command: str) -> None:
    """Import modules; those that only load inside their package's own code are left to it."""
    for name in names:
        own = name.partition(".")[0] in PROJECT
        if name not in sys.modules and (command == "python" or not own):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def read_locks_by_libyaml() -> None:
    """Do in forks of DVC what `bakeoff.harness.engine` does; the module is no part of a test's own project."""
    if "dvc.utils.serialize._yaml" in sys.modules and "lock_parser" not in sys.modules:
        spec = spec_from_file_location("lock_parser", LOCK_PARSER)
        assert spec is not None and spec.loader is not None
        sys.modules["lock_parser"] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
        module.install()


if __name__ == "__main__":
    name, place, *rest = sys.argv[1:]
    if rest:
        sys.exit(request(place, rest, str(Path.cwd()), os.environ, [0, 1, 2]))
    if name == "python":
        sys.path[0] = str(Path(__file__).parents[1])  # where `pipeline` is
    serve(name, place)
