"""Images in a folder for each class, CLASS/picture.png, or in such folders for each part, train/CLASS, test/CLASS.

The names of the folders are the names of the classes.
"""

import numpy as np

from bakeoff.data.images import pictures
from bakeoff.data.images.labelled import Labelled
from bakeoff.data.images.places import PICTURES, Place
from bakeoff.settings import BadInput

PARTS = ("train", "validation", "test")


def read(folder: Place) -> Labelled:
    """The pictures below a folder, listed and not yet decoded.

    Raises:
        BadInput: folders or files that are neither, a class without pictures, or parts whose classes differ.
    """
    names = [place.name for place in folder.folders()]
    if "train" in names:
        if other := [name for name in names if name not in PARTS]:
            raise BadInput(f"{folder}: has {other[0]!r} beside 'train'; the parts are {', '.join(PARTS)}; rename it")
        parts = {name: classes(folder / name) for name in PARTS if name in names}
    else:
        parts = {"train": classes(folder)}
    train = parts["train"]
    for name, part in parts.items():
        if differing := sorted(part.keys() ^ train.keys()):
            where, missing = ("train", name) if differing[0] in train else (name, "train")
            raise BadInput(
                f"{folder}: class {differing[0]!r} is in {where} and not in {missing}; each part needs every class"
            )
    files = [(file, label) for part in parts.values() for label, name in enumerate(part) for file in part[name]]
    counts = [sum(map(len, parts.get(name, {}).values())) for name in PARTS]
    return Labelled(
        shown=str(folder),
        y=np.array([label for _, label in files], np.intp),
        classes=tuple(train),
        parts=(counts[0], counts[1], counts[2]),
        picture=lambda n: pictures.read(files[n][0]),
        place=lambda n: str(files[n][0]),
    )


def classes(folder: Place) -> dict[str, list[Place]]:
    """The pictures of each class, both in order of their names.

    Raises:
        BadInput: a picture lies outside the class folders, something else inside, or a class is empty.
    """
    if stray := [file for file in folder.files() if file.suffix in PICTURES]:
        raise BadInput(f"{stray[0]}: lies beside the folders of the classes; put it into the one of its class")
    found = {place.name: place for place in folder.folders()}
    if not found:
        raise BadInput(f"{folder}: has no folders of classes; put the pictures into one folder a class")
    for place in found.values():
        if inner := place.folders():
            raise BadInput(f"{inner[0]}: is a folder in the folder of a class; put its pictures one folder up")
        if other := [file for file in place.files() if file.suffix not in PICTURES]:
            raise BadInput(
                f"{other[0]}: is no picture by its name ({', '.join(sorted(PICTURES))}); take it out of the folder"
            )
        if not place.files():
            raise BadInput(f"{place}: is a class without pictures; add some, or remove the folder")
    return {name: place.files() for name, place in found.items()}
