"""Images and masks pair by the names that people give them."""

import unicodedata
from pathlib import Path

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.pairs import pairs

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)


def places(folder: str, *names: str) -> list[Place]:
    return [Place(Path(folder, name), f"{folder}/{name}", LIMITS) for name in names]


NFD = unicodedata.normalize("NFD", "Café")

PAIRED: dict[str, tuple[list[str], list[str], bool]] = {
    "one name": (["a.png", "b.png"], ["a.png", "b.png"], False),
    "suffixes in either case": (["a.PNG", "b.TIF"], ["a.png", "b.tiff"], False),
    "volumes in either case": (["a.NII.GZ", "b.Nii"], ["a.nii.gz", "b.nii.gz"], False),
    "dots in names": (["a.1.nii.gz", "a.2.nii.gz"], ["a.1.nii", "a.2.nii"], False),
    "nnU-Net's": (["a_0000.nii.gz", "b_0000.nii.gz"], ["a.nii.gz", "b.nii.gz"], True),
    "nnU-Net's pictures": (["a_0000.png", "b_0000.png"], ["a.png", "b.png"], True),
    "nnU-Net's, of another channel": (["a_0001.nii", "b_0001.nii"], ["a.nii", "b.nii"], True),
    "numbers that masks have too": (["x_0000.png", "x_0001.png"], ["x_0000.png", "x_0001.png"], False),
    "macOS' accents": (["Café.png", "Ő.png"], [f"{NFD}.png", "Ő.png"], False),
}


@pytest.mark.parametrize("case", PAIRED)
def test_images_and_masks_pair(case: str) -> None:
    images, masks, said = PAIRED[case]
    remarks = Remarks()
    found = pairs(places("images", *images), places("masks", *masks), remarks)
    assert [(x.path.name, y.path.name) for x, y in found] == list(zip(images, masks, strict=True))
    assert bool(remarks.lines()) == said


REFUSED: dict[str, tuple[list[str], list[str], str]] = {
    "several channels": (
        ["a_0000.nii", "a_0001.nii"], ["a.nii"], "a_0001.nii: this image and a_0000.nii both belong to the mask a.nii"
    ),
    "an image beside its channel": (["a.nii",
        "a_0000.nii"], ["a.nii"], "expected one image for each mask; keep the images of one channel"),
    "a mask's name with a word": (
        ["1.png"], ["1_mask.png"], r"no mask is named '1', and 1_mask\.png has no partner either"
    ),
    "no mask": (["1.png", "2.png"], ["1.png"], r"images/2\.png: no mask is named '2'; add it"),
    "no image": (["1.png"], ["1.png", "2.png"], r"masks/2\.png: no image is named '2'"),
    "one name twice": (["a.png", "a.tif"], ["a.png"], r"a\.tif: this file and a\.png are both named 'a'"),
    "one name twice for a reader": (["Café.png", f"{NFD}.tif"], ["Café.png"], "are both named 'Café'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_pair_is_refused(case: str) -> None:
    images, masks, said = REFUSED[case]
    with pytest.raises(BadInput, match=said):
        pairs(places("images", *images), places("masks", *masks), Remarks())
