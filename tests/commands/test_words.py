import argparse
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bakeoff.base.settings import BadInput
from bakeoff.commands import words

WORDS = ["UNK", "man", "king", "woman", "queen"]
INPUT = np.array([[9, 9, 9], [1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1]], np.float32)
OUTPUT = np.array([[9, 9, 9], [0, 0, 1], [0, 0, 0], [3, 1, 0], [1, 0, 0]], np.float32)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ("models/embedding", "data/text"):
        Path(folder).mkdir(parents=True)
    Path("params.yaml").write_text("embedding: {corpora: [text], architectures: [cbow, skipgram]}\n", encoding="utf-8")
    vocabulary = "word,count\n" + "".join(f"{word},1\n" for word in WORDS)
    Path("data/text/vocabulary.csv").write_text(vocabulary, encoding="utf-8")
    save_file({"input": INPUT, "output": OUTPUT}, "models/embedding/text-cbow.safetensors")
    return tmp_path


def ask(*command: str) -> None:
    parser = argparse.ArgumentParser()
    words.arguments(parser)
    asked = parser.parse_args(command)
    asked.ask(asked)


def test_neighbours(capsys: pytest.CaptureFixture[str]) -> None:
    ask("neighbours", "king", "--count", "2")
    assert capsys.readouterr().out == "man\t0.707\nqueen\t0.500\n"


def test_analogy(capsys: pytest.CaptureFixture[str]) -> None:
    ask("analogy", "man", "king", "woman")
    assert capsys.readouterr().out.startswith("queen\t")


def test_context_multiplies_the_mean_of_inputs_by_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    ask("context", "man", "king", "--count", "2")
    # The mean is (1, 0.5, 0): 3.5 for woman, 1 for queen; a word of the context may be the answer.
    assert capsys.readouterr().out == "woman\t3.500\nqueen\t1.000\n"
    ask("context", "woman", "--count", "1")
    assert capsys.readouterr().out == "man\t1.000\n"


def test_export(capsys: pytest.CaptureFixture[str]) -> None:
    ask("export", "--format", "tsv")
    assert capsys.readouterr().out.split() == [
        "models/embedding/text-cbow.tsv",
        "models/embedding/text-cbow.words.tsv",
    ]
    assert Path("models/embedding/text-cbow.words.tsv").read_text(encoding="utf-8").split() == WORDS[1:]
    ask("export", "--format", "text", "--to", "mine.txt")
    assert Path("mine.txt").read_text(encoding="utf-8").startswith("4 3\nman 1 0 0\n")


def test_an_export_leaves_what_was_trained_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    trained = Path("models/embedding/text-cbow.safetensors")
    before = trained.read_bytes()
    ask("export", "--format", "safetensors")
    vectors, beside = map(Path, capsys.readouterr().out.split())
    assert np.array_equal(load_file(vectors)["vectors"], INPUT[1:])
    assert beside.read_text(encoding="utf-8").split() == WORDS[1:]
    with pytest.raises(BadInput, match="would be overwritten; name another file after --to"):
        ask("export", "--format", "safetensors", "--to", "models/../models/embedding/text-cbow.safetensors")
    assert trained.read_bytes() == before


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_map(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    ask("map", "--method", method)
    path = Path(f"models/embedding/text-cbow.{method}.png")
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("neighbours", "kin"), r"the vocabulary has no word 'kin'; did you mean 'king'\?"),
        (("neighbours", "zebra"), r"has no word 'zebra'; choose a word that is more frequent in the corpus"),
        (("analogy", "man", "king", "wom"), r"has no word 'wom'; did you mean 'woman'\?"),
        (("neighbours", "man", "--architecture", "skipgram"), r"skipgram.safetensors: not found; `dvc repro train_emb"),
    ],
)
def test_what_is_not_there_is_said(command: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        ask(*command)


def test_a_diverged_training_has_no_vectors() -> None:
    save_file({}, "models/embedding/text-cbow.safetensors")
    with pytest.raises(BadInput, match="the training diverged; lower its learning rate"):
        ask("neighbours", "man")
