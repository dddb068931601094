"""A training that is killed goes on where it was, and ends with the same bytes.

Run as a script, this file trains in the folder that it is given.
"""

import hashlib
import json
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from bakeoff.base import checkpoint as checkpoints
from bakeoff.base.checkpoint import Checkpoint
from bakeoff.base.progress import Progress
from bakeoff.data.corpus.corpus import Corpus
from bakeoff.embedding.settings import BatchesSettings, Rates, Word2vecSettings
from bakeoff.embedding.shards import Shards
from bakeoff.embedding.word2vec import Word2vec

WORDS, EPOCHS = 50, 150  # some seconds, most of them for saving
SETTINGS = Word2vecSettings(
    dimension=32,
    window=5,
    negatives=5,
    noise_exponent=0.75,
    subsample=0.0,
    validation=0.1,
    learning_rate=Rates(skipgram=0.025, cbow=0.05),
    epochs=EPOCHS,
    shards=2,
    round=1000,
    damping=0.0,
    gpu=BatchesSettings(batch=1, damping=0.0),
    seed=0,
)


def train(folder: Path) -> str:
    ids = np.random.default_rng(0).integers(WORDS, size=20_000).astype(np.int32)
    corpus = Corpus(ids, tuple(f"w{n}" for n in range(WORDS)), np.bincount(ids, minlength=WORDS))
    rows: list[float] = []
    made, progress = Word2vec("skipgram", SETTINGS, "cpu"), Progress(SETTINGS.epochs * 18_000, "words", StringIO())
    assert made.steps(corpus) == progress.total
    with Checkpoint("stage", "recipe", folder) as checkpoint:
        fitted = made.fit(corpus, lambda row: rows.append(row["epoch"]), progress, checkpoint)
    assert rows == [row["epoch"] for row in fitted.history] == list(range(1, EPOCHS + 1))
    assert progress.done == progress.total
    found = repr(fitted.history).encode() + b"".join(table.tobytes() for table in fitted.vectors.values())
    return hashlib.sha256(found).hexdigest()


def position(saved: Path) -> tuple[int, int]:
    """Epochs, and words of each shard in the one after; while the last state is replaced, those of the one before."""
    for path in (saved, saved.with_name(f"{saved.name}.previous")):
        try:
            state = json.loads(path.read_bytes()[32:].split(b"\n", 2)[1])
        except FileNotFoundError:
            continue
        return state["epoch"], state["offset"]
    return 0, 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What an undisturbed training leaves."""
    return train(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_training_goes_on_to_the_same_bytes(
    number: signal.Signals, whole: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "killed"
    saved, deadline = folder / "stage" / "recipe", time.monotonic() + 600
    with subprocess.Popen([sys.executable, __file__, folder], stdout=subprocess.PIPE) as process:
        while position(saved)[0] < 2:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait() == -number
    epoch, offset = position(saved)
    assert 2 <= epoch < EPOCHS
    rounds, one = [], Shards.round
    monkeypatch.setattr(Shards, "round", lambda shards, state: rounds.append(1) or one(shards, state))
    assert train(folder) == whole
    assert len(rounds) == (EPOCHS - epoch) * 9 - offset // 1000


if __name__ == "__main__":
    checkpoints.INTERVAL = 0.0  # saves after every round
    print(train(Path(sys.argv[1])))
