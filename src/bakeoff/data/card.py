"""The card of a data set: a small JSON file beside the data, from which pages read sizes, classes and samples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bakeoff.base.record import dump
from bakeoff.base.settings import BadInput, Settings, faults
from bakeoff.data.examples import Examples, Split
from bakeoff.data.samples import Samples
from bakeoff.data.sources.settings import Source

FUNCTION_WORDS = ("the", "of", "and")
Language = Literal["english"]
Spacing = tuple[float, float]  # height and width of a pixel in millimetres
Spacings = tuple[Spacing, Spacing]  # the least and the largest of several pictures; heights and widths by themselves
AMONG = 20  # most frequent words of an English text, which has the function words among them


class Part(Settings):
    """A split of labelled examples.

    Attributes:
        labels: how many labels each class has: one an example, or one a pixel.
    """

    examples: int
    labels: tuple[int, ...]

    @classmethod
    def of(cls, split: Split, classes: int) -> Self:
        counts = np.bincount(split.y.ravel(), minlength=classes)
        return cls(examples=len(split.x), labels=tuple(counts.tolist()))

    @classmethod
    def of_rows(cls, counts: NDArray[np.int64]) -> Self:
        """Return the split of a table with so many rows of each class."""
        return cls(examples=int(counts.sum()), labels=tuple(counts.tolist()))


class Card(Settings):
    """The card of labelled examples.

    Attributes:
        source: a name of the catalogue, a path, or an address without its secrets.
        taken: which part of the source this is, as `portion` says it; None for the whole.
        classes: their names; a name that is not Unicode has escapes.
        shape: of one example: (D,), or (C, H, W).
        samples: the first training pictures of each class; None if the examples are no pictures of one class each.
        spacings: of scans, where they are known; the file has them only there.
    """

    kind: Literal["images", "table", "scans"]
    source: str
    taken: str | None
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    train: Part
    validation: Part
    test: Part
    samples: Samples | None
    spacings: Spacings | None = None

    @classmethod
    def of(
        cls,
        examples: Examples,
        kind: Literal["images", "scans"],
        source: Source,
        taken: str | None = None,
        spacings: Spacings | None = None,
    ) -> Self:
        """Return the card of pictures."""
        count = len(examples.classes)
        return cls(
            kind=kind,
            source=shown(source),
            taken=taken,
            classes=tuple(map(encodable, examples.classes)),
            shape=examples.train.x.shape[1:],
            train=Part.of(examples.train, count),
            validation=Part.of(examples.validation, count),
            test=Part.of(examples.test, count),
            samples=Samples.of(examples.train, count) if kind == "images" else None,
            spacings=spacings,
        )

    @property
    def parts(self) -> dict[str, Part]:
        """The splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def save(self, path: Path) -> None:
        left_out = {"spacings"} if self.spacings is None else None
        path.write_text(dump(self.model_dump(mode="json", exclude=left_out)), encoding="utf-8")


class CorpusCard(Settings):
    """The card of a text.

    Attributes:
        words: of the text.
        vocabulary: the number of different words, UNK included.
        language: English where its function words are among the most frequent words; None for any other.
    """

    kind: Literal["corpus"]
    source: str
    taken: str | None
    words: int
    vocabulary: int
    language: Language | None

    @classmethod
    def of(cls, words: tuple[str, ...], counts: tuple[int, ...], source: Source, taken: str | None = None) -> Self:
        """Return the card of a text with this vocabulary.

        Args:
            words: the most frequent first, behind UNK.
        """
        return cls(
            kind="corpus",
            source=shown(source),
            taken=taken,
            words=sum(counts),
            vocabulary=len(words),
            language=language(words),
        )

    def save(self, path: Path) -> None:
        path.write_text(dump(self.model_dump(mode="json")), encoding="utf-8")


Kept = TypeVar("Kept", Card, CorpusCard)


def read_card(path: Path) -> Card:
    """Return the card of labelled examples.

    Raises:
        BadInput: it is missing, may not be read, or is not what `save` writes.
    """
    return validated(path, Card)


def read_corpus_card(path: Path) -> CorpusCard:
    """Return the card of a text.

    Raises:
        BadInput: it is missing, may not be read, or is not what `save` writes.
    """
    return validated(path, CorpusCard)


def validated(path: Path, kind: type[Kept]) -> Kept:
    again = f"`dvc checkout {path}` restores it, or: rm {path} && make repro"
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}; {again}") from None
    except ValidationError as error:
        raise BadInput(f"{path}: is not the card of a data set ({next(faults(error, kind))}); {again}") from None


def language(vocabulary: Sequence[str]) -> Language | None:
    """Return the language of a text with this vocabulary, where it is known.

    Args:
        vocabulary: UNK, then the most frequent word first.
    """
    frequent = vocabulary[1 : 1 + AMONG]
    return "english" if {word.lower() for word in frequent}.issuperset(FUNCTION_WORDS) else None


def shown(source: Source) -> str:
    """Return a source as pages show it."""
    return source if isinstance(source, str) else source.shown


def encodable(name: str) -> str:
    """Return the name with escapes for what is not Unicode, as in a file's name of other bytes than UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
