import io
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.examples import Examples
from bakeoff.data.images import pictures
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import pairs, scans, splits
from bakeoff.data.scans.labels import numbered
from bakeoff.data.scans.read import in_folder, read
from bakeoff.data.scans.sequence import Scan, part
from bakeoff.data.scans.settings import FileSplitSettings, ScansSettings, SlabSettings
from bakeoff.data.sources.find import Found, find

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)


def settings(**change: object) -> ScansSettings:
    values = {
        "kind": "scans",
        "source": "mni152",
        "take": None,
        "labels": [{"background": 0}, {"grey": 1}, {"white": 2}],
        "colour": "grey",
        "resize": [80, 40],
        "bits": None,
        "volumes": {"plane": "coronal", "window": [0.5, 99.5]},
        "split": {"by": "slabs", "slices": [96, 24, 24], "gap": 8},
        "bias_field": 0.4,
        "noise": 0.05,
        "seed": 0,
    }
    values |= change
    return ScansSettings.model_validate({"background": next(iter(values["labels"][0]))} | values)


def plain(**change: object) -> ScansSettings:
    return settings(**{"bias_field": 0.0, "noise": 0.0, "resize": None} | change)


def default(**change: object) -> Examples:
    chosen = settings(**change)
    found = read(find("mni152", "scans", LIMITS), chosen, LIMITS, Remarks())
    return scans.examples(found, chosen, lambda n: n, Remarks())


@pytest.fixture(scope="module")
def made() -> Examples:
    return default()


def numbers(*lengths: int) -> list[Scan]:
    """Files of so many slices of 1 x 2 pixels that count through all files; the labels are 7 and 0."""

    def scan(start: int, length: int) -> Scan:
        def slices() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for n in range(start, start + length):
                yield np.array([[[n, 200]]], np.uint8), np.array([[7, 0]])

        return Scan(f"x{start}", f"y{start}", length, slices)

    return [scan(sum(lengths[:n]), length) for n, length in enumerate(lengths)]


def drawn(examples: Examples) -> list[list[int]]:
    return [part.x[:, 0, 0, 0].tolist() for part in (examples.train, examples.validation, examples.test)]


def test_slabs_keep_their_distance_and_are_centred() -> None:
    slabs = SlabSettings(by="slabs", slices=(96, 24, 24), gap=8)
    train, validation, test = splits.split([184], slabs, Remarks())
    assert (train[0], train[-1]) == (12, 107)
    assert (validation[0], validation[-1]) == (116, 139)
    assert (test[0], test[-1]) == (148, 171)
    assert [rows.tolist() for rows in splits.split([100, 84], slabs, Remarks())] == [
        train.tolist(),
        validation.tolist(),
        test.tolist(),
    ]
    with pytest.raises(BadInput, match=r"split takes 160 slices with its gaps, but the data set has 159; take fewer"):
        splits.split([159], slabs, Remarks())


def test_whole_files_are_held_out() -> None:
    by_file = FileSplitSettings(by="file", validation=1, test=2, seed=0)
    lengths = [3, 1, 4, 1, 5]
    parts = splits.split(lengths, by_file, Remarks())
    owner = np.repeat(np.arange(5), lengths)
    files = [set(owner[rows].tolist()) for rows in parts]
    assert [len(held) for held in files] == [2, 1, 2]
    assert set.union(*files) == set(range(5))
    assert sorted(np.concatenate(parts)) == list(range(14))
    other = splits.split(lengths, by_file.model_copy(update={"seed": 1}), Remarks())
    assert [rows.tolist() for rows in other] != [rows.tolist() for rows in parts]


def test_take_draws_files_of_a_split_by_file_and_leads_with_the_first_of_slabs() -> None:
    by_file = FileSplitSettings(by="file", validation=1, test=1, seed=0)
    slabs = SlabSettings(by="slabs", slices=(1, 1, 1), gap=0)
    found = numbers(*[1] * 9)

    def names(take: int | None, split: FileSplitSettings | SlabSettings) -> list[str]:
        return [scan.shown for scan in part(found, take, split)]

    whole = [f"x{n}" for n in range(9)]
    drawn = names(4, by_file)
    assert drawn == sorted(drawn) and len(set(drawn)) == 4 and drawn != whole[:4]
    assert set(drawn) < set(names(5, by_file))
    assert drawn == names(4, by_file) != names(4, by_file.model_copy(update={"seed": 1}))
    assert names(4, slabs) == whole[:4]
    assert whole == names(9, by_file) == names(10, slabs) == names(None, by_file)


def test_slices_go_to_the_parts_of_the_split_with_their_labels() -> None:
    chosen = plain(labels=[{"edge": [7, 8]}, {"cell": 0}], split={"by": "slabs", "slices": [4, 2, 1], "gap": 1})
    counted: list[int] = []
    examples = scans.examples(numbers(2, 3, 6), chosen, counted.append, Remarks())
    assert drawn(examples) == [[1, 2, 3, 4], [6, 7], [9]]
    assert examples.train.y.tolist() == [[[0, 1]]] * 4
    assert examples.classes == ("edge", "cell")
    assert sum(counted) == 11


def test_a_class_without_pixels_outside_train_is_said() -> None:
    def scan(n: int, label: int) -> Scan:
        return Scan(f"x{n}", f"y{n}", 1, lambda: iter([(np.array([[[n, 200]]], np.uint8), np.array([[label, 0]]))]))

    chosen = plain(labels=[{"edge": 0}, {"cell": 7}], split={"by": "slabs", "slices": [1, 1, 1], "gap": 0})
    remarks = Remarks()
    scans.examples([scan(0, 7), scan(1, 0), scan(2, 7)], chosen, lambda n: n, remarks)
    assert list(remarks.lines()) == ["no pixel in the masks of validation is of class 'cell'"]
    with pytest.raises(
        BadInput, match=r"no pixel in the masks of train is of class 'cell'; .* raise data\.scans\.take"
    ):
        scans.examples([scan(0, 0), scan(1, 7), scan(2, 7)], chosen, lambda n: n, Remarks(), partial=True)


def test_simulated_changes_are_said() -> None:
    parts = {"by": "file", "validation": 1, "test": 1, "seed": 0}
    for change, said in (({}, False), ({"bias_field": 0.4}, True), ({"noise": 0.05}, True)):
        chosen = plain(**{"labels": [{"a": 0}, {"b": 7}], "split": parts} | change)
        remarks = Remarks()
        scans.examples(numbers(1, 1, 1), chosen, lambda n: n, remarks)
        assert [line[:44] for line in remarks.lines()] == ["every slice gets a simulated bias field of s"] * said


@pytest.mark.parametrize(("bits", "expected"), [(None, [0, 0, 100, 255]), (16, [0, 0, 6, 16])])
def test_slices_of_16_bits_are_scaled_by_the_largest_value_of_all_files(
    bits: int | None, expected: list[int], tmp_path: Path
) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for n, value in enumerate((0, 7, 1605, 4095)):
        Image.fromarray(np.full((4, 4), value, np.uint16)).save(tmp_path / f"images/{n}.tif")
        Image.fromarray(np.eye(4, dtype=np.uint8)).save(tmp_path / f"masks/{n}.png")
    chosen = plain(bits=bits, labels=[{"a": 0}, {"b": 1}], split={"by": "file", "validation": 1, "test": 1, "seed": 0})
    remarks = Remarks()
    found = in_folder(Place(tmp_path, "mine", LIMITS), chosen, remarks)
    examples = scans.examples(found, chosen, lambda n: n, remarks)
    assert sorted(chain.from_iterable(drawn(examples))) == expected
    assert "data.scans.bits" in remarks.lines()[0]


def test_channels_are_those_of_the_settings() -> None:
    chosen = plain(
        labels=[{"a": 0}, {"b": 7}], colour="rgb", split={"by": "file", "validation": 1, "test": 1, "seed": 0}
    )
    examples = scans.examples(numbers(1, 1, 1), chosen, lambda n: n, Remarks())
    assert examples.train.x.shape == (1, 3, 1, 2)


def test_labels_are_numbered_in_the_order_of_the_settings_whatever_their_values() -> None:
    chosen = plain(labels=[{"cell": 255}, {"edge": [0, 65535]}])
    mask = np.array([[0, 255], [65535, 255]], np.uint16)
    assert numbered(mask, chosen, "m").tolist() == [[1, 0], [1, 0]]
    for wrong, place in ((7, (1, 0)), (70000, (0, 1)), (-1, (1, 1))):
        mask = np.zeros((2, 2), np.int64)
        mask[place] = wrong
        said = rf"m: invalid value {wrong} \(row {place[0]}, column {place[1]}\): expected one of 0, 255, 65535"
        with pytest.raises(BadInput, match=said):
            numbered(mask, chosen, "m")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([{"a": 0}, {"a": 1}], "the class a twice"),
        ([{"a": 0}, {"b": [1, 0]}], "the value 0 twice"),
        ([{"a": 0, "b": 1}, {"c": 2}], r"the entry \{'a': 0, 'b': 1\}"),
        ([{"a": 0}], "at least 2"),
        ([{"a": 0}, {"b": -1}], "greater than or equal to 0"),
    ],
)
def test_labels_that_say_two_things_are_refused(labels: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        settings(labels=labels)


def test_the_background_is_the_first_class_or_none() -> None:
    with pytest.raises(
        ValueError, match="background is 'b', and the first class of labels is 'a'; list the background"
    ):
        settings(labels=[{"a": 0}, {"b": 7}], background="b")
    parts = {"by": "file", "validation": 1, "test": 1, "seed": 0}
    for background, scored in (("a", [1]), (None, [0, 1])):
        chosen = plain(labels=[{"a": 0}, {"b": 7}], background=background, split=parts)
        examples = scans.examples(numbers(1, 1, 1), chosen, lambda n: n, Remarks())
        assert list(examples.scored) == scored


def test_files_pair_by_name_whatever_their_suffix() -> None:
    def places(*names: str) -> list[Place]:
        return [Place(Path(name), name, LIMITS) for name in names]

    found = pairs.pairs(
        places("b.10.png", "A.jpg", "v.nii.gz"), places("v.NII.GZ".lower(), "A.png", "b.10.tif"), Remarks()
    )
    assert [(str(x), str(y)) for x, y in found] == [
        ("A.jpg", "A.png"),
        ("b.10.png", "b.10.tif"),
        ("v.nii.gz", "v.nii.gz"),
    ]


def test_pets_pair_with_their_trimaps_and_other_files_are_left_out(tmp_path: Path) -> None:
    for name in ("i/images/b.jpg", "i/images/a.jpg", "a/annotations/trimaps/a.png", "a/annotations/trimaps/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2), 1).save(tmp_path / name)
    (tmp_path / "i/images/a.mat").write_bytes(b"MATLAB")
    (tmp_path / "a/annotations/list.txt").write_bytes(b"a 1")
    (tmp_path / "a/annotations/trimaps/._a.png").write_bytes(b"litter")
    found = read(
        Found("pet", "oxford-iiit-pet", {"images": tmp_path / "i", "annotations": tmp_path / "a"}),
        settings(),
        LIMITS,
        Remarks(),
    )
    assert [(scan.shown, scan.mask) for scan in found] == [
        (f"pet/images/{name}.jpg", f"pet/annotations/trimaps/{name}.png") for name in ("a", "b")
    ]


def test_nuclei_are_numbered_in_the_red_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    red = np.array([[0, 1], [2, 0]], np.uint8)
    mask = np.stack([red, 0 * red, 7 * red, 0 * red + 255], axis=-1)
    for role, suffix, picture in (
        ("images", "tif", Image.fromarray(np.array([[5, 4095], [0, 9]], np.uint16))),
        ("masks", "png", Image.fromarray(mask)),
    ):
        content = io.BytesIO()
        picture.save(content, "TIFF" if suffix == "tif" else "PNG")
        with zipfile.ZipFile(tmp_path / f"{role}.zip", "w") as archive:
            archive.writestr(f"{role}/IXMtest_A02.{suffix}", content.getvalue())
            archive.writestr(f"__MACOSX/{role}/._IXMtest_A02.{suffix}", b"litter")
    found = Found("bbbc039", "bbbc039", {role: tmp_path / f"{role}.zip" for role in ("images", "masks")})
    chosen = plain(labels=[{"background": 0}, {"nucleus": "rest"}])
    (scan,) = read(found, chosen, LIMITS, Remarks())
    ((x, y),) = scan.slices()
    assert x.tolist() == [[[5, 4095], [0, 9]]]
    assert numbered(y, chosen, "m").tolist() == [[0, 1], [1, 0]]
    Image.fromarray(red).save(tmp_path / "grey.png")
    with pytest.raises(BadInput, match=r"grey\.png: invalid mode L: expected RGB"):
        next(pictures.red(Place(tmp_path / "grey.png", "grey.png", LIMITS)))


def test_the_data_science_bowl_s_nuclei_are_those_of_both_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    with zipfile.ZipFile(tmp_path / "dsb2018.zip", "w") as archive:
        archive.writestr("dsb2018/README.md", b"what this is")
        for part, name, value in (("test", "aa", 7), ("train", "cc", 5), ("train", "bb", 6)):
            for role, values in (("images", np.full((2, 2), value, np.uint8)), ("masks", np.array([[0, 300], [1, 2]]))):
                content = io.BytesIO()
                Image.fromarray(values.astype(np.uint8 if role == "images" else np.uint16)).save(content, "TIFF")
                archive.writestr(f"dsb2018/{part}/{role}/{name}.tif", content.getvalue())
    found = Found("dsb2018", "dsb2018", {"data": tmp_path / "dsb2018.zip"})
    chosen = plain(labels=[{"background": 0}, {"nucleus": "rest"}])
    scans = read(found, chosen, LIMITS, Remarks())
    assert [scan.shown for scan in scans] == [
        f"dsb2018/dsb2018/{name}.tif" for name in ("train/images/bb", "train/images/cc", "test/images/aa")
    ]
    ((x, y),) = scans[0].slices()
    assert x.tolist() == [[[6, 6], [6, 6]]]
    assert numbered(y, chosen, "m").tolist() == [[0, 1], [1, 1]]


def test_the_challenge_s_stacks_are_one_sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    with zipfile.ZipFile(tmp_path / "isbi.zip", "w") as archive:
        for name, values in (("train-volume", [5, 6, 7]), ("train-labels", [0, 255, 0]), ("test-volume", [1])):
            frames = [Image.new("L", (1, 1), value) for value in values]
            buffer = io.BytesIO()
            frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:])
            archive.writestr(f"ISBI-2012-challenge/{name}.tif", buffer.getvalue())
    found = Found("isbi-2012", "isbi-2012", {"data": tmp_path / "isbi.zip"})
    (scan,) = read(found, settings(), LIMITS, Remarks())
    assert [(int(x[0, 0, 0]), int(y[0, 0])) for x, y in scan.slices()] == [(5, 0), (6, 255), (7, 0)]


def test_each_pixel_has_one_of_three_labels_and_most_of_the_brain_is_grey(made: Examples) -> None:
    assert made.train.x.shape == (96, 1, 80, 40)
    assert made.train.y.shape == (96, 80, 40)
    shares = np.bincount(made.train.y.ravel()) / made.train.y.size
    assert 0.4 < shares[0] < 0.7 and shares[1] > shares[2] > 0.1


def test_the_seed_decides_the_images_and_not_the_labels(made: Examples) -> None:
    again, other = default(), default(seed=1)
    assert np.array_equal(again.train.x, made.train.x)
    assert not np.array_equal(other.train.x, made.train.x)
    assert np.array_equal(other.train.y, made.train.y)
