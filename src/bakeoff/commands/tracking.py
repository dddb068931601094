"""The commands `bakeoff track` and `bakeoff ui`."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from bakeoff.base import settings
from bakeoff.base.record import dump
from bakeoff.base.settings import BadInput
from bakeoff.base.signals import exit_on_sigterm
from bakeoff.tracking import live, owner, sync, views
from bakeoff.tracking.failures import masked
from bakeoff.tracking.location import located
from bakeoff.tracking.store import opened

HOST = "127.0.0.1"  # MLflow has no passwords: it is for this machine alone
PORT = 5000
PATIENCE = 60.0  # seconds for the server to start


def track(watch: bool = False) -> None:
    """Import every existing record, and register the winners if the comparison exists.

    Args:
        watch: keep updating the curves of running trainings until Ctrl-C.

    Raises:
        BadInput: MLflow does not answer, or a winner can't be registered.
    """
    store = located()
    made = sync.refresh()
    print(
        f"{sum(map(len, made.values()))} runs in {len(made)} experiments of {masked(store.uri)}, of {owner.current()}",
        flush=True,
    )
    read = partial(settings.validate, settings.load())
    won = sync.register_winners(made, sync.COMPARISON, read) if sync.COMPARISON.exists() else {}
    sync.stamp(made, dump(sync.summary(made, won)))
    if watch:
        exit_on_sigterm()
        print("watching; Ctrl-C ends it", flush=True)
        live.watch()


def serve(port: int | None = None) -> None:
    """Track, serve MLflow, print the addresses of the saved views, and watch until Ctrl-C.

    Args:
        port: on this machine; the first free one from 5000 on if None.

    Raises:
        BadInput: the port is taken, or MLflow does not answer.
    """
    exit_on_sigterm()
    try:
        track()
    except BadInput as error:
        print(f"note: {error}", file=sys.stderr, flush=True)
    store = located()
    if store.uri.startswith("http"):
        show(store.uri)
        live.watch()
    with served(port if port is not None else free(PORT)) as address:
        show(address)
        live.watch()


def show(address: str) -> None:
    """Print the address of every saved view, and open the first one if there is a screen."""
    links: list[str] = []
    with opened(located()) as client:
        for experiment, shown in views.addresses(client, owner.current()).items():
            for name, path in shown.items():
                print(f"{experiment:<10} {name:<22} {address}/{path}")
                links.append(f"{address}/{path}")
    print("Ctrl-C ends it", flush=True)
    screen = sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    if links and screen and sys.stdout.isatty():
        webbrowser.open(links[0])


@contextmanager
def served(port: int) -> Iterator[str]:
    """Serve MLflow on a port of this machine until the block ends.

    Raises:
        BadInput: the port is taken, or the server does not start.
    """
    if taken(port):
        raise BadInput(f"port {port} is in use; set another one with --port, or omit --port to use a free one")
    command = [sys.executable, "-m", "mlflow", "ui", "--host", HOST, "--port", str(port), "--workers", "1"]
    log = Path(".bakeoff/mlflow-ui.log")
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "--backend-store-uri", located().uri],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},  # eight idle processes fewer
            start_new_session=True,
        )
    try:
        address = f"http://{HOST}:{port}"
        if not answers(server, f"{address}/health"):
            raise BadInput(f"`mlflow ui` did not start on port {port}; its messages are in {log}")
        yield address
    finally:
        end(server)


def answers(server: subprocess.Popen[bytes], address: str) -> bool:
    """Return whether the address answers before the server ends or the time limit is reached."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except OSError:
            time.sleep(0.2)
    return False


def end(server: subprocess.Popen[bytes]) -> None:
    """End the server and the processes that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=5)
            return


def free(port: int) -> int:
    """Return the first free port from this one on."""
    while taken(port):
        port += 1
    return port


def taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
