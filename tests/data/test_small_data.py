"""Small data, and parts of data, with the settings that ship: source and columns are all that changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.base import strict_yaml
from bakeoff.base.settings import BadInput
from bakeoff.base.values import resolved
from bakeoff.data.card import read_card, read_corpus_card
from bakeoff.data.corpus.first import First
from bakeoff.data.images import images
from bakeoff.data.images.labelled import from_arrays, part
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import splits
from bakeoff.data.scans.settings import FileSplitSettings, SlabSettings
from bakeoff.online.lengths import Lengths
from bakeoff.online.settings import DriftSettings, EvaluationSettings, StreamSettings

SHIPPED = strict_yaml.read(Path(__file__).parents[2] / "params.yaml")


@pytest.mark.parametrize(
    ("amount", "whole", "number"),
    [(0.1, 5000, 500), (0.2, 5000, 1000), (0.2857, 3500, 1000), (0.001527, 327_346, 500), (0.1, 3, 1), (7, 3, 7)],
)
def test_a_share_is_the_nearest_number_and_one_at_least(amount: int | float, whole: int, number: int) -> None:
    assert resolved(amount, whole) == number


def labelled(count: int, classes: int = 3) -> Any:
    y = np.arange(count) % classes
    x = np.repeat(y.astype(np.uint8), 16).reshape(count, 1, 4, 4)
    return from_arrays("source", (x, y), None, [f"class {k}" for k in range(classes)])


@pytest.mark.parametrize(("count", "held"), [(5000, (500, 1000)), (60, (6, 12)), (12, (1, 2)), (5, (1, 1))])
def test_few_images_are_split_by_the_shares_that_ship(count: int, held: tuple[int, int]) -> None:
    remarks = Remarks()
    settings = ImagesSettings.model_validate(SHIPPED["data"]["images"])
    found = images.examples(labelled(count), settings, lambda _: None, remarks)
    assert (len(found.validation.y), len(found.test.y)) == held
    assert len(found.train.y) == count - sum(held)
    assert f"test 0.2 = {held[1]:,}, validation 0.1 = {held[0]:,} of {count:,} images" in remarks.lines()[0]


@pytest.mark.parametrize("take", [3, 10, 31])
def test_a_part_of_the_images_has_each_class_by_its_share(take: int) -> None:
    whole = labelled(60)
    few = part(whole, take, seed=0)
    assert len(few.y) == sum(few.parts) == take
    assert np.ptp(np.bincount(few.y, minlength=3)) <= 1
    assert all((few.picture(n) == few.y[n]).all() for n in range(take))
    assert part(whole, 60, seed=0).y.tolist() == whole.y.tolist()


@pytest.mark.parametrize(
    ("found", "parts"),
    [(184, [96, 24, 24]), (12, [6, 2, 2]), (30, [16, 4, 4]), (5, [3, 1, 1]), (4, [2, 1, 1]), (3, [1, 1, 1])],
)
def test_few_slices_are_split_by_the_shares_that_ship(found: int, parts: list[int]) -> None:
    slabs = SlabSettings.model_validate(SHIPPED["data"]["scans"]["split"])
    remarks = Remarks()
    rows = splits.split([found], slabs, remarks)
    assert [len(part) for part in rows] == parts
    assert f"= {parts}" in remarks.lines()[0] and f"of {found:,} slices" in remarks.lines()[0]


def test_two_slices_are_too_few() -> None:
    slabs = SlabSettings.model_validate(SHIPPED["data"]["scans"]["split"])
    with pytest.raises(BadInput, match="takes 3 slices with its gaps, but the data set has 2"):
        splits.split([2], slabs, Remarks())


@pytest.mark.parametrize(("files", "parts"), [(20, [14, 3, 3]), (4, [2, 1, 1]), (3, [1, 1, 1])])
def test_files_are_split_by_shares(files: int, parts: list[int]) -> None:
    settings = FileSplitSettings(by="file", validation=0.15, test=0.15, seed=0)
    assert [len(part) for part in splits.split([1] * files, settings, Remarks())] == parts


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("take", "words"),
    [
        (1, ["one"]),
        (3, ["one", "two", "three"]),
        (4, ["one", "two", "three", "four"]),
        (9, ["one", "two", "three", "four"]),
    ],
)
def test_the_first_words_of_a_text_however_it_is_cut(take: int, words: list[str], size: int) -> None:
    text = b"one  two three   four "
    first = First(take)
    blocks = [np.frombuffer(text[at : at + size], np.uint8) for at in range(0, len(text), size)]
    assert b"".join(block.tobytes() for block in first.of(blocks)).decode().split() == words
    assert first.cut == (take < 4)


def stream() -> tuple[StreamSettings, EvaluationSettings, DriftSettings]:
    online = SHIPPED["online"]
    return (
        StreamSettings.model_validate(online["stream"]),
        EvaluationSettings.model_validate(online["evaluation"]),
        DriftSettings.model_validate(online["drift"]),
    )


def test_a_long_stream_has_the_lengths_that_ship() -> None:
    lengths = Lengths.of(327_346, *stream())
    assert (lengths.stream, lengths.evaluation, lengths.drift) == stream()
    assert list(lengths.remarks(*stream())) == []


@pytest.mark.parametrize(("rows", "batch"), [(344, 1), (344, 4), (100, 1), (1000, 7)])
def test_a_short_stream_has_short_windows_and_says_so(rows: int, batch: int) -> None:
    settings, evaluation, drift = stream()
    settings = settings.model_copy(update={"batch_size": batch})
    lengths = Lengths.of(rows, settings, evaluation, drift)
    assert lengths.evaluation.interval % batch == 0 and rows / lengths.evaluation.interval >= 8
    assert max(lengths.evaluation.window, lengths.stream.delay, lengths.drift.holds) <= 0.05 * rows + 1
    assert f"of {rows:,} rows: " in next(lengths.remarks(settings, evaluation, drift))


def flights(days: int) -> str:
    rows = [
        f"{day},{hour},{('Oslo', 'Rome', 'Bern')[(day + hour) % 3]},{('no', 'yes')[(3 * day + hour) % 2]}"
        for day in range(1, days + 1)
        for hour in range(6)
    ]
    return "\n".join(["date,hour,city,late", *reversed(rows)]) + "\n"


def set_table(project: Any, days: int, take: int | None = None) -> None:
    """Change the source and the columns; shares, frequencies and the rest are those that ship."""
    project.put("data/raw/table/t.csv", flights(days))
    project.set(
        data__table__source="data/raw/table/t.csv",
        data__table__take=take,
        data__table__target={"column": "late", "above": None, "classes": None},
        data__table__numeric=["hour"],
        data__table__categorical=["city"],
        data__table__leaks=[],
        data__table__order=["date", "hour"],
    )


@pytest.mark.parametrize(("take", "rows"), [(None, 60), (30, 30), (60, 60), (61, 60)])
def test_a_small_table_is_ingested_and_encoded(project: Any, take: int | None, rows: int) -> None:
    set_table(project, 10, take)
    lines = ""
    for stage in ("ingest_table", "encode_table"):
        ended = project.run(stage)
        assert ended.returncode == 0, ended.stderr
        lines += ended.stdout
    card = read_card(project.root / "data/table/card.json")
    sizes = {split: part.examples for split, part in card.parts.items()}
    assert sum(sizes.values()) == rows and min(sizes.values()) >= 6
    assert ", ".join(f"{split} {size}" for split, size in sizes.items()) in lines
    assert f"minimum_frequency: 0.001527 = 1 of {rows} rows" in lines
    said = f"the first {take} of 60 rows" if rows < 60 else None
    assert card.taken == said
    assert (f"data.table.take: {said}" in lines) == (said is not None)


@pytest.mark.parametrize(("take", "words"), [(None, 400), (100, 100), (400, 400), (401, 400)])
def test_a_small_text_is_ingested(project: Any, take: int | None, words: int) -> None:
    project.put("data/raw/corpus/t.txt", "the cat and the dog ran " * 66 + "the cat and dog")
    project.set(data__corpus__source="data/raw/corpus/t.txt", data__corpus__take=take)
    ended = project.run("ingest_corpus")
    assert ended.returncode == 0, ended.stderr
    card = read_corpus_card(project.root / "data/corpus/card.json")
    assert card.words == words and card.vocabulary == 6
    said = f"the first {take} words" if words < 400 else None
    assert card.taken == said
    assert (f"data.corpus.take: {said}" in ended.stdout) == (said is not None)


@pytest.mark.parametrize("rare", [100, 101])
def test_a_text_of_rare_words_is_said(project: Any, rare: int) -> None:
    letters = "abcdefghijk"
    words = [letters[n // 11] + letters[n % 11] for n in range(rare)]
    project.put("data/raw/corpus/t.txt", " ".join(["the"] * 100 + words))
    project.set(data__corpus__source="data/raw/corpus/t.txt")
    ended = project.run("ingest_corpus")
    assert ended.returncode == 0, ended.stderr
    said = "101 of 201 words become UNK: they are rarer than data.corpus.minimum_count 5"
    assert (said in ended.stdout) == (rare == 101)


def digits(project: Any, take: int | None) -> None:
    x = np.arange(60 * 16, dtype=np.uint32).reshape(60, 4, 4).astype(np.uint8)
    path = project.put("data/raw/images/t.npz", b"")
    np.savez(path, x_train=x, y_train=np.arange(60) % 3)
    project.set(data__images__source="data/raw/images/t.npz", data__images__take=take)


@pytest.mark.parametrize(("take", "count"), [(None, 60), (30, 30), (60, 60), (61, 60)])
def test_few_images_are_ingested(project: Any, take: int | None, count: int) -> None:
    digits(project, take)
    ended = project.run("ingest_images")
    assert ended.returncode == 0, ended.stderr
    card = read_card(project.root / "data/images/card.json")
    assert sum(part.examples for part in card.parts.values()) == count
    said = f"{take} of 60 images, each class by its share" if count < 60 else None
    assert card.taken == said
    assert (f"data.images.take: {said}" in ended.stdout) == (said is not None)


@pytest.mark.parametrize(("take", "files"), [(None, 12), (6, 6), (12, 12), (13, 12)])
def test_few_scans_are_ingested(project: Any, take: int | None, files: int) -> None:
    for n in range(12):
        for folder, pixels in (("images", np.full((4, 4), 20 * n)), ("masks", np.eye(4))):
            path = project.put(f"data/raw/scans/s/{folder}/{n:02}.png", b"")
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    project.set(
        data__scans__source="data/raw/scans/s",
        data__scans__take=take,
        data__scans__labels=[{"background": 0}, {"cell": 1}],
        data__scans__resize=None,
        data__scans__split={"by": "file", "validation": 0.15, "test": 0.15, "seed": 0},
    )
    ended = project.run("ingest_scans")
    assert ended.returncode == 0, ended.stderr
    card = read_card(project.root / "data/scans/card.json")
    assert sum(part.examples for part in card.parts.values()) == files
    said = f"{take} of 12 files, drawn at random" if files < 12 else None
    assert card.taken == said
    assert (f"data.scans.take: {said}" in ended.stdout) == (said is not None)
