"""A store that can't be worked with is told in one line: its cause, and the way out."""

import http.server
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bakeoff.base.settings import BadInput
from bakeoff.tracking import location, owner, store
from bakeoff.tracking.failures import explained, masked


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


def used() -> None:
    """Write to the store as tracking does."""
    with store.opened(location.located()) as client:
        made = store.experiment(client, location.located(), "images")
        client.set_experiment_tag(made, "long", "x" * 4000)


def refused(*said: str, work: Callable[[], None] = used) -> None:
    with pytest.raises(BadInput) as raised:
        work()
    line = str(raised.value)
    assert "\n" not in line and len(line) < 700
    for one in said:
        assert one in line, line
    assert ("move it away" in line) == ("damaged" in line)


@pytest.mark.parametrize(
    "content", [b"not a database" * 100, b"<html>", b"SQLite format 3\0" + b"\xff" * 5000, bytes(range(256)) * 40]
)
def test_what_is_no_database(content: bytes) -> None:
    Path("mlflow.db").write_bytes(content)
    refused("mlflow.db: this is not a SQLite database, or it is damaged; ", "makes a new one from the records")
    assert Path("mlflow.db").read_bytes() == content


def test_a_damaged_database(empty: Path) -> None:
    whole = bytearray(empty.read_bytes())
    whole[4096:] = b"\xaa" * (len(whole) - 4096)
    Path("mlflow.db").write_bytes(whole)
    refused("this is not a SQLite database, or it is damaged")


def test_a_folder_in_its_place() -> None:
    Path("mlflow.db").mkdir()
    refused("mlflow.db: it can't be opened for writing; ")


def test_a_lock_file_that_is_none() -> None:
    Path("mlflow.db.lock").mkdir()
    refused("mlflow.db.lock: is a folder, and should be a file; remove it")


def test_a_full_disk(empty: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Path("mlflow.db").write_bytes(empty.read_bytes())

    def full(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes what there is already

    event.listen(Engine, "connect", full)
    try:
        refused("mlflow.db: its disk is full; free some space, then run `bakeoff track`")
    finally:
        event.remove(Engine, "connect", full)
    assert "Traceback" not in capfd.readouterr().err


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program in the middle of writing."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.rollback()


def test_a_locked_database(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mlflow.db").write_bytes(empty.read_bytes())
    monkeypatch.setattr(store, "WAIT", 0.05)
    with held(Path("mlflow.db")):
        refused("mlflow.db: another program is writing to it; wait for it or end it (`fuser -v ", "database is locked")


def test_another_tracking_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    with store.opened(location.located()):
        refused("mlflow.db.lock: another process has been tracking for ", "end it, then run `bakeoff track`")


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("ffffffffffff", ("a newer MLflow than 3.", "schema ffffffffffff, unknown here")),
        ("451aebb31d03", ("an older MLflow has written it", "`mlflow db upgrade sqlite:///")),
    ],
)
def test_a_store_of_another_version(version: str, said: tuple[str, ...], empty: Path) -> None:
    Path("mlflow.db").write_bytes(empty.read_bytes())
    with closing(sqlite3.connect("mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    before = Path("mlflow.db").read_bytes()
    refused("mlflow.db: ", *said)
    assert Path("mlflow.db").read_bytes() == before


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("(sqlite3.OperationalError) attempt to write a readonly database [SQL: ...]", "can't be opened for writing"),
        ("[Errno 13] Permission denied: 'mlflow.db.lock'", "can't be opened for writing"),
        ("[Errno 28] No space left on device", "its disk is full"),
        ("[Errno 122] Disk quota exceeded", "its disk is full"),
        ("(sqlite3.OperationalError) disk I/O error", "its disk fails"),
        ("(sqlite3.OperationalError) database table is locked", "another program is writing"),
        ("something new\nin two lines", "MLflow can't work with it: something new in two lines"),
    ],
)
def test_what_sqlite_and_the_system_say(message: str, said: str) -> None:
    line = explained(OSError(message), "sqlite:////x/mlflow.db", Path("/x/mlflow.db"))
    assert line.startswith("/x/mlflow.db: ") and said in line and "\n" not in line


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("postgresql://ann:secret@localhost/runs", "needs the Python package 'psycopg2'"),
        ("ftp://ann:secret@localhost/runs", "MLflow knows no such kind of store"),
        ("http://ann:secret@127.0.0.1:9", "can't be reached; start that server, or unset the variable"),
        ("https://ann:secret@nosuch.invalid", "can't be reached"),
    ],
)
def test_other_stores(uri: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    refused(f"MLFLOW_TRACKING_URI is {masked(uri)}: ", said)
    with pytest.raises(BadInput) as raised:
        used()
    assert "secret" not in str(raised.value)


@contextmanager
def serving(status: int, body: bytes) -> Iterator[str]:
    """The address of a server that gives one answer."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>\x1b[31mhello", "what answers there is not an MLflow server; check the address"),
        (404, b"<html>", "what answers there is not an MLflow server"),
        (401, b"who are you", "the server refuses the request; set MLFLOW_TRACKING_USERNAME"),
        (403, b"no", "the server refuses the request"),
    ],
)
def test_servers_that_answer_something_else(
    status: int, body: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(status, body) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        refused(said)
        with pytest.raises(BadInput) as raised:
            used()
    assert str(raised.value).isprintable()


class TestOwner:
    def test_a_clone_keeps_its_name_when_it_moves_and_a_copy_gets_its_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import shutil

        first = tmp_path / "my project"
        first.mkdir()
        monkeypatch.chdir(first)
        name = owner.clone()
        assert owner.clone() == name and name.startswith("my_project-")
        moved = first.rename(tmp_path / "moved")
        monkeypatch.chdir(moved)
        assert owner.clone() == name
        monkeypatch.chdir(shutil.copytree(moved, tmp_path / "copy"))
        copied = owner.clone()
        assert copied != name and owner.clone() == copied
        monkeypatch.chdir(moved)
        assert owner.clone() == name

    @pytest.mark.parametrize("name", ["main", "feature/a-b_c.1", "it's", 'a"b', "`x`", "<script>", "ünï/码", "x" * 300])
    def test_every_branch_can_be_asked_for(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(owner, "branch", lambda: name)
        whose = owner.current()
        assert not set(whose.branch) & set("'\"`<> \n")
        assert (whose.branch == name) == (name in ("main", "feature/a-b_c.1", "ünï/码"))
        assert whose.owns(whose.tags) and whose.owns({}) and not whose.owns(whose.tags | {owner.BRANCH: "other"})

    def test_an_experiment_of_dvc_is_a_branch_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(owner, "branch", lambda: "none")
        monkeypatch.setenv("DVC_EXP_NAME", "quick-lion")
        assert owner.current().branch == "quick-lion"

    def test_outside_of_git_there_is_no_branch(self) -> None:
        assert owner.branch() == owner.NO_BRANCH
