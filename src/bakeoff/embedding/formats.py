"""Word vectors in the formats of other programs, without UNK.

V words, D dimensions.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

Format = Literal["safetensors", "text", "binary", "tsv"]


def write(vectors: NDArray[np.float32], words: Sequence[str], kind: Format, path: Path) -> list[Path]:
    """Writes vectors (V, D) and words, unknown words first; returns the files that were made.

    safetensors: one tensor, `vectors`, and a word for each of its rows in a second file, NAME.words.txt.
    text, binary: of the program word2vec; gensim's `KeyedVectors.load_word2vec_format` reads both.
    tsv: of TensorBoard's projector, the words in a second file beside the vectors: NAME.words.tsv.
    """
    if kind == "safetensors":
        save_file({"vectors": vectors[1:].copy()}, path)
        return [path, write_words(words, path.with_suffix(".words.txt"))]
    if kind == "binary":
        head = f"{len(words) - 1} {vectors.shape[1]}\n".encode()
        rows = (word.encode() + b" " + row.tobytes() + b"\n" for word, row in pairs(vectors, words))
        path.write_bytes(head + b"".join(rows))
        return [path]
    if kind == "text":
        lines = (f"{word} {' '.join(map(shortest, row))}\n" for word, row in pairs(vectors, words))
        path.write_text(f"{len(words) - 1} {vectors.shape[1]}\n{''.join(lines)}", encoding="utf-8", newline="\n")
        return [path]
    lines = ("\t".join(map(shortest, row)) + "\n" for _, row in pairs(vectors, words))
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
    return [path, write_words(words, path.with_suffix(f".words{path.suffix}"))]


def write_words(words: Sequence[str], path: Path) -> Path:
    path.write_text("".join(f"{word}\n" for word in words[1:]), encoding="utf-8", newline="\n")
    return path


def pairs(vectors: NDArray[np.float32], words: Sequence[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    return zip(words[1:], vectors[1:].astype("<f4"), strict=True)


def shortest(value: np.float32) -> str:
    """The fewest digits that are read as the same float32."""
    return np.format_float_positional(value, trim="-")
