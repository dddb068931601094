"""Cards are read as they were written, and samples are the pictures of the data."""

import json
from pathlib import Path

import numpy as np
import pytest

from bakeoff.base.settings import BadInput
from bakeoff.data.card import Card, CorpusCard, language, read_card, read_corpus_card
from bakeoff.data.examples import Examples, Split
from bakeoff.data.samples import CLASSES, LONGEST, PICTURES, Samples
from bakeoff.data.sources.settings import Download


def pictures(classes: int, *shape: int, most: int = 30) -> Examples:
    """Labelled pictures: a few of each class."""
    generator = np.random.default_rng(0)

    def split() -> Split:
        counts = generator.integers(1, most, classes)
        y = generator.permutation(np.repeat(np.arange(classes, dtype=np.uint8), counts))
        return Split(generator.integers(0, 256, (len(y), *shape), dtype=np.uint8), y)

    return Examples(split(), split(), split(), tuple(f"class {k}" for k in range(classes)))


@pytest.mark.parametrize(
    ("classes", "shape"),
    [(2, (1, 5, 4)), (3, (3, 8, 8)), (10, (1, 28, 28)), (30, (3, 4, 4)), (2, (1, 1, 1)), (2, (3, 96, 3))],
)
def test_samples_are_the_first_training_pictures_of_each_class(classes: int, shape: tuple[int, ...]) -> None:
    data = pictures(classes, *shape)
    found = Samples.of(data.train, classes)
    again = Samples.model_validate_json(found.model_dump_json()).pictures
    assert len(again) == min(classes, CLASSES)
    for k, sample in enumerate(again):
        np.testing.assert_array_equal(sample, data.train.x[data.train.y == k][:PICTURES])


@pytest.mark.parametrize(
    ("height", "width", "fitted"),
    [(97, 10, (96, 10)), (192, 192, (96, 96)), (200, 100, (96, 48)), (3, 960, (1, 96)), (96, 96, (96, 96))],
)
def test_large_pictures_are_made_smaller(height: int, width: int, fitted: tuple[int, int]) -> None:
    x = np.full((2, 3, height, width), 7, np.uint8)
    found = Samples.of(Split(x, np.array([0, 1], np.uint8)), 2)
    assert found.shape == (3, *fitted) and max(fitted) <= LONGEST
    assert all((sample == 7).all() for sample in found.pictures)


def test_the_card_of_pictures_counts_labels_by_split_and_class(tmp_path: Path) -> None:
    data = pictures(3, 1, 5, 4)
    card = Card.of(data, "images", "mnist-5k")
    assert (card.kind, card.source, card.classes, card.shape) == ("images", "mnist-5k", data.classes, (1, 5, 4))
    for name, part in card.parts.items():
        y = getattr(data, name).y
        assert part.examples == len(y)
        assert part.labels == tuple(int((y == k).sum()) for k in range(3))
    card.save(tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == card


def test_the_card_of_scans_counts_pixels_and_has_no_samples() -> None:
    generator = np.random.default_rng(0)
    splits = [Split(np.zeros((4, 3, 6, 5), np.uint8), generator.integers(0, 2, (4, 6, 5), np.uint8)) for _ in range(3)]
    card = Card.of(Examples(*splits, classes=("no", "yes")), "scans", "data/raw/scans/mine")
    assert card.samples is None and card.shape == (3, 6, 5)
    assert (card.train.examples, sum(card.train.labels)) == (4, 4 * 30)
    assert card.test.labels[1] == int((splits[2].y == 1).sum())


def test_an_address_keeps_its_secrets_and_a_name_of_other_bytes_is_escaped(tmp_path: Path) -> None:
    data = pictures(2, 1, 2, 2)
    named = Examples(data.train, data.validation, data.test, ("caf\udce9", "\u2028\n"))
    source = Download(url="https://example.org/x.zip?token=secret", sha256="0" * 64)
    card = Card.of(named, "images", source)
    card.save(tmp_path / "card.json")
    assert "secret" not in (tmp_path / "card.json").read_text(encoding="utf-8")
    assert read_card(tmp_path / "card.json").classes == ("caf\\udce9", "\u2028\n")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("the of and in to a is", "english"),
        ("The in of a And", "english"),
        ("and x y z of the", "english"),
        ("der die und in von", None),
        ("de of en the het", None),  # Dutch, whose `of` is `or`
        ("the of", None),
        ("", None),
    ],
)
def test_a_text_is_english_by_its_most_frequent_words(words: str, found: str | None) -> None:
    assert language(["UNK", *words.split()]) == found


def test_the_card_of_a_text_counts_words(tmp_path: Path) -> None:
    words = ("UNK", *["the", "of", "and"], *(f"w{n}" for n in range(50)))
    card = CorpusCard.of(words, (7, *range(53, 0, -1)), "text8")
    assert (card.words, card.vocabulary, card.language) == (7 + sum(range(54)), 54, "english")
    card.save(tmp_path / "card.json")
    assert read_corpus_card(tmp_path / "card.json") == card
    late = CorpusCard.of((*words[:1], *words[4:], *words[1:4]), (7, *range(53, 0, -1)), "text8")
    assert late.language is None


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"kind": "audio"}', '{"kind": "corpus"}'])
def test_what_is_no_card_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(text)
    for read in (read_card, read_corpus_card):
        with pytest.raises(BadInput, match=r"card\.json: is not the card of a data set .*dvc checkout") as refused:
            read(path)
        assert "\n" not in str(refused.value)
    path.unlink()
    with pytest.raises(BadInput, match=r"card\.json: cannot be read"):
        read_card(path)


def test_a_card_of_another_kind_is_refused(tmp_path: Path) -> None:
    Card.of(pictures(2, 1, 2, 2), "images", "mnist").save(tmp_path / "card.json")
    with pytest.raises(BadInput, match="is not the card"):
        read_corpus_card(tmp_path / "card.json")


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Card.of(pictures(3, 3, 7, 5), "images", "cifar-10").save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    document = json.loads((tmp_path / "one").read_text())
    assert document["samples"]["shape"] == [3, 7, 5]
    assert CLASSES * PICTURES * LONGEST**2 < 2**28 // 3  # from where on Pillow warns of an image
