from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from bakeoff.embedding.formats import write

WORDS = ["UNK", "one", "zwölf", "三"]
VECTORS = np.array([[9, 9, 9], [0.1, -2, 1e-9], [1 / 3, 0, -0.0], [1e8, 12345.678, 7]], np.float32)


@pytest.mark.parametrize("kind", ["text", "binary"])
def test_gensim_reads_what_it_calls_word2vec_format_to_the_bit(kind: str, tmp_path: Path) -> None:
    models = pytest.importorskip("gensim.models")
    path = tmp_path / "vectors"
    assert write(VECTORS, WORDS, kind, path) == [path]  # type: ignore[arg-type]
    read = models.KeyedVectors.load_word2vec_format(path, binary=kind == "binary")
    assert read.index_to_key == WORDS[1:]
    assert read.vectors.tobytes() == VECTORS[1:].tobytes()


def test_safetensors_are_one_tensor_with_a_word_for_each_row(tmp_path: Path) -> None:
    vectors, words = write(VECTORS, WORDS, "safetensors", tmp_path / "vectors.safetensors")
    read = load_file(vectors)
    assert list(read) == ["vectors"]
    assert read["vectors"].tobytes() == VECTORS[1:].tobytes()
    assert words.name == "vectors.words.txt"
    assert words.read_text(encoding="utf-8").split("\n") == [*WORDS[1:], ""]
    before = vectors.read_bytes()
    write(VECTORS, WORDS, "safetensors", vectors)
    assert vectors.read_bytes() == before


def test_text_is_one_word_a_line_below_the_sizes(tmp_path: Path) -> None:
    write(VECTORS, WORDS, "text", tmp_path / "vectors")
    lines = (tmp_path / "vectors").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["3 3", "one 0.1 -2 0.000000001"]


def test_the_projector_has_vectors_and_words_side_by_side(tmp_path: Path) -> None:
    vectors, words = write(VECTORS, WORDS, "tsv", tmp_path / "vectors.tsv")
    assert words.name == "vectors.words.tsv"
    assert words.read_text(encoding="utf-8").splitlines() == WORDS[1:]
    read = [[float(value) for value in line.split("\t")] for line in vectors.read_text().splitlines()]
    assert np.array_equal(np.array(read, np.float32), VECTORS[1:])
