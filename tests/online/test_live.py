"""`bakeoff learn` on pipes: what it answers, what it refuses, and what it is after any end."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.encoding.categories import OneHot
from bakeoff.data.encoding.encoder import Encoder, columns
from bakeoff.data.encoding.scale import Scale
from bakeoff.data.table.reading import Reading
from bakeoff.data.table.settings import TargetSettings
from bakeoff.networks.softmax import SoftmaxSettings
from bakeoff.online import live, reference
from bakeoff.online.kernels import Rows
from bakeoff.online.learner import Learner, Rule
from bakeoff.online.lines import BLOCK, LONGEST
from bakeoff.online.settings import ConstantSettings
from bakeoff.online.stored import Stored

ROOT = Path(__file__).parents[2]
READING = Reading.model_validate(dict.fromkeys(Reading.model_fields) | {"missing": ("NA",), "numbers": ()})
HEADER = "note,carrier,a,late\n"
LEARNER = Path("models/online/table-sgd-constant.safetensors")
STATE = Path(".bakeoff/online/table-sgd-constant.safetensors")


def stored(
    reading: Mapping[str, object] = MappingProxyType({}), known: tuple[str, ...] = ("AA", "UA"), **target: object
) -> Stored:
    numeric = {"a": Scale(missing=0.0, center=10.0, width=2.0, decimals=None)}
    one_hot = {"carrier": OneHot(known=known, rare=(), missing="unseen")}
    encoder = Encoder(
        version=2,
        reading=Reading.model_validate(READING.model_dump() | dict(reading)),
        numeric=numeric,
        one_hot=one_hot,
        hashed={},
        unseen="other",
        maximum_unseen=0.5,
        columns=columns(numeric, {**one_hot}),
    )
    rule = Rule(
        optimizer="sgd",
        learning_rate=0.5,
        epsilon=0.0,
        schedule=ConstantSettings().schedule,
        batch_size=4,
        delay=3,
    )
    learner = Learner.fresh(rule, encoder, 2, SoftmaxSettings(initial_sigma=0.01), seed=3)
    asked = {"column": "late", "above": None, "classes": None} | target
    return Stored(encoder, ("no", "yes"), TargetSettings.model_validate(asked), learner)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the real settings and a learner of three inputs."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    LEARNER.parent.mkdir(parents=True)
    stored().save(LEARNER)
    return tmp_path


def row(n: int) -> str:
    """Answers follow from the number; every fifth row has none."""
    draw = np.random.default_rng(n)
    a, carrier = draw.normal(10, 2), ["AA", "UA", "XX", ""][draw.integers(4)]
    return f"any,{carrier},{a:.3f},{'' if n % 5 == 4 else 'yes' if a > 10 else 'no'}\n"


def text(count: int, start: int = 0) -> str:
    return HEADER + "".join(map(row, range(start, start + count)))


def learn(content: str | bytes, skip: bool = False, every: float = 60) -> list[str]:
    """What is answered to a stream, without the line of names."""
    out, (read, write) = io.StringIO(), os.pipe()

    def feed() -> None:
        with suppress(BrokenPipeError), os.fdopen(write, "wb") as pipe:
            pipe.write(content.encode() if isinstance(content, str) else content)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        assert live.follow(read, out, LEARNER, STATE, every=every, skip=skip) == 0
    finally:
        os.close(read)
        feeder.join()
        answers = out.getvalue().splitlines()
        assert not answers or answers.pop(0) == "line,prediction,probability"
        learn.answered = answers  # type: ignore[attr-defined]
    return answers


def refused(content: str | bytes) -> tuple[str, list[str]]:
    with pytest.raises(BadInput) as error:
        learn(content)
    assert "\n" not in str(error.value)
    return str(error.value), learn.answered  # type: ignore[attr-defined]


@pytest.mark.usefixtures("project")
def test_each_row_is_predicted_and_then_learnt_from() -> None:
    answers = [line.split(",") for line in learn(text(60))]
    rows = [line.split(",") for line in text(60).splitlines()[1:]]
    numbers = ((np.array([[float(r[2])] for r in rows]) - 10) / 2).astype(np.float32)
    codes = np.array([[{"AA": 0, "UA": 1}.get(r[1], 2)] for r in rows])
    labels = np.array([int(r[3] == "yes") for r in rows])
    rule = stored().learner.rule.model_copy(update={"batch_size": 1, "delay": 0})
    known = Rows(numbers, codes, labels, np.array([bool(r[3]) for r in rows]))
    logits, weights = reference.learn(rule, known, np.array([3]), 2, seed=3)
    assert [int(line) for line, _, _ in answers] == list(range(2, 62))
    assert [name for _, name, _ in answers] == ["yes" if b > a else "no" for a, b in logits]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert [float(share) for _, _, share in answers] == pytest.approx(shares.max(axis=1), abs=5e-7)  # six digits
    state = Stored.load(STATE)
    assert (state.rows, state.learner.step) == (60, 60)
    assert state.learner.weights.weight == pytest.approx(weights[-1][:-1], abs=1e-12)
    assert state.window is not None and state.window.counts[0] == 48


@pytest.mark.usefixtures("project")
def test_a_stream_in_two_parts_leaves_the_learner_of_the_whole() -> None:
    learn(text(90))
    whole = STATE.read_bytes()
    STATE.unlink()
    learn(text(40))
    learn(text(50, start=40))
    assert STATE.read_bytes() == whole
    STATE.unlink()
    learn(text(40))
    assert [answer.split(",")[0] for answer in learn(text(90), skip=True)] == [str(line) for line in range(42, 92)]
    assert STATE.read_bytes() == whole


@pytest.mark.parametrize(
    ("content", "answered", "says"),
    [
        ("", 0, "line 1 is empty: expected the names of the columns"),
        ("note,carier,a\n", 0, "line 1: no column 'carrier'; did you mean 'carier'?"),
        (HEADER + "x,AA,1,no\nx,AA,warm,no\n", 1, "line 3: invalid value 'warm' in column 'a': expected a number"),
        (HEADER + "x,AA,1,no\nx,AA,inf,no\n", 1, "line 3: invalid value 'inf' in column 'a': expected a number"),
        (HEADER + "x,AA,1,no\n\nx,AA,1,no\nx,AA,1\n", 2, "line 5: found 3 fields: expected 4, as in the first line"),
        (HEADER + "x,AA,1,no\nx,AA,1,maybe\n", 1, "line 3: invalid value 'maybe' in column 'late': expected no or yes"),
        (HEADER + 'x,AA,1,no\n"x"y,AA,1,no\n', 1, "line 3: "),
        (HEADER + "x,AA,1,no\nx,AA,1e39,no\n", 1, "line 3: 'a' is 1e[+]39, which float32 cannot hold"),
        (HEADER.encode() + b"x,AA,1,no\n\xff,AA,1,no\n", 1, "line 3: 0xff is not utf-8"),
        (HEADER + "x,AA,1,no\n" + "x" * (LONGEST + BLOCK), 1, "line 3: has no end within"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_bad_row_is_told_by_its_line_after_all_before_it_were_met(
    content: str | bytes, answered: int, says: str
) -> None:
    error, answers = refused(content)
    assert error.startswith("standard input: ")
    with pytest.raises(BadInput, match=says):
        raise BadInput(error)
    assert len(answers) == answered
    assert Stored.load(STATE).rows == answered


@pytest.mark.usefixtures("project")
def test_rows_are_read_as_the_table_was() -> None:
    plain = learn(HEADER + 'x,"AA",9.5,no\n"x\ny",AA,NA,\nx,ZZ,1012,yes\n')
    assert [answer.split(",")[0] for answer in plain] == ["2", "4", "5"]
    STATE.unlink()
    stored(reading={"separator": ";", "decimal": ",", "thousands": ".", "encoding": "cp1252"}).save(LEARNER)
    for text in (
        "\ufeffa;carrier;late\r\n9,5;AA;no\r\n NA ;AA;\r\n1.012;ZZ;yes",
        "late; a;carrier \n no;9,50;AA \n;;AA\nyes;1012;ZZ\n",
    ):
        turned = learn(text)
        assert [answer.split(",")[1:] for answer in turned] == [answer.split(",")[1:] for answer in plain]
        STATE.unlink()


@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-16", "cp1252"])
@pytest.mark.usefixtures("project")
def test_a_stream_is_in_the_encoding_of_the_table_where_that_is_read_by_lines(encoding: str | None) -> None:
    stored(reading={"encoding": encoding}, known=("Å", "B")).save(LEARNER)
    sent = (HEADER + "x,Å,9,no\nx,Å,9,\n").encode(encoding if encoding == "cp1252" else "utf-8")
    answers = learn(sent)
    weights = Stored.load(STATE).learner.weights.weight
    fresh = stored(known=("Å", "B")).learner.weights.weight
    assert len(answers) == 2
    assert (weights != fresh).any(axis=1).tolist() == [True, True, False, False]  # a, Å; not B, other


@pytest.mark.parametrize(
    ("fitted", "sent"),
    [("true", "True"), ("false", "FALSE"), ("1", "1.0"), ("2024-01-01", "2024-01-01 00:00:00"), ("Å", "A\u030a")],
)
@pytest.mark.usefixtures("project")
def test_a_category_has_one_canonical_form(fitted: str, sent: str) -> None:
    stored(reading={"numbers": ("carrier",)} if fitted == "1" else {}, known=(fitted, "zz")).save(LEARNER)
    learn(HEADER + f"x,{sent},9,no\n")
    changed = Stored.load(STATE).learner.weights.weight != stored(known=(fitted, "zz")).learner.weights.weight
    assert changed.any(axis=1).tolist() == [True, True, False, False]


@pytest.mark.usefixtures("project")
def test_a_number_may_say_the_class_and_no_column_need_say_it() -> None:
    stored(column="delay", above=15.0).save(LEARNER)
    learn("a,carrier,delay\n12,AA,15.5\n8,AA,15\n")
    learn("a,carrier\n12,AA\n")
    state = Stored.load(STATE)
    assert state.window is not None
    assert state.window.labels[:3].tolist() == [1, 0, 0] and state.window.counts[0] == 2 and state.rows == 3


@pytest.mark.usefixtures("project")
def test_a_learner_that_diverges_leaves_the_state_of_before() -> None:
    learn(text(20))
    before = STATE.read_bytes()
    state = Stored.load(STATE)
    state.learner.weights.bias[0] = np.nan
    state.replace(STATE)
    broken = STATE.read_bytes()
    assert "the learner has diverged" in refused(text(20))[0]
    assert STATE.read_bytes() == broken != before


def start(*arguments: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", "from bakeoff.commands.cli import main; main()", "learn", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("project")
def test_a_signal_ends_it_between_two_rows_with_its_state_saved(number: signal.Signals) -> None:
    learn(text(30))
    whole = STATE.read_bytes()
    STATE.unlink()
    process = start()
    assert process.stdin and process.stdout
    process.stdin.write(text(30) + "a row that has not c")
    process.stdin.flush()
    lines = [process.stdout.readline() for _ in range(31)]  # while the pipe stays open: answers do not wait for more
    assert lines[30].startswith("31,")
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert STATE.read_bytes() == whole


@pytest.mark.usefixtures("project")
def test_a_kill_costs_no_more_than_an_interval_and_leaves_a_whole_file() -> None:
    process = start("--every", "0")
    assert process.stdin and process.stdout
    process.stdin.write(text(30))
    process.stdin.flush()
    for _ in range(31):
        process.stdout.readline()
    deadline = time.monotonic() + 30
    while not STATE.exists() or Stored.load(STATE).rows < 30:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.communicate()
    learn(text(60), skip=True)
    resumed = STATE.read_bytes()
    STATE.unlink()
    learn(text(60))
    assert STATE.read_bytes() == resumed


@pytest.mark.usefixtures("project")
def test_bad_rows_end_the_command_with_status_2() -> None:
    process = start()
    answers, errors = process.communicate(text(3) + "x,AA,warm,no\n")
    assert process.returncode == 2 and len(answers.splitlines()) == 4
    assert errors.splitlines()[-1] == (
        "error: standard input: line 5: invalid value 'warm' in column 'a': expected a number; correct the row"
    )


FEED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import bakeoff.base.reproducible
from pathlib import Path
from bakeoff.online import live
read, write = os.pipe()
if os.fork() == 0:
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        pipe.write("carrier,a,late\\n")
        for n in range(int(sys.argv[2])):
            # Every row has a category of its own, and a number of its own.
            pipe.write(f"carrier number {n} {'x' * 100},{n % 977 / 50},{'yes' if n % 3 else 'no'}\\n")
    os._exit(0)
os.close(write)
with open(os.devnull, "w") as out:
    live.follow(read, out, Path(sys.argv[3]), Path("state.safetensors"), every=0.5, skip=False)
status = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from Linux's /proc")
@pytest.mark.usefixtures("project")
def test_memory_does_not_grow_with_the_stream() -> None:
    def peak(rows: int) -> float:
        command = [sys.executable, "-c", FEED, str(ROOT / "src"), str(rows), str(LEARNER)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        Path("state.safetensors").unlink()
        return int(done.stdout) / 1024

    # The second stream is 20 MB longer: kept rows would show many times over, a kept number for each row too (3 MB each
    # as Python has them). What the allocators keep differs by some between two runs.
    assert peak(200_000) - peak(40_000) < 6
