"""Images in a folder for each class, CLASS/picture.png, or in such folders for each part, train/CLASS, test/CLASS.

The names of the folders are the names of the classes. Folders are parts where all are named as parts, in any case of
letters, and the one to train on contains folders. Otherwise they are classes, one named `train` too.
"""

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from bakeoff.base.quoting import one_line
from bakeoff.base.settings import BadInput
from bakeoff.data.images import pictures
from bakeoff.data.images.labelled import Labelled
from bakeoff.data.images.source_tree import PICTURES, Place, holds_pictures

PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}
PART = {name: part for part, names in PARTS.items() for name in names}
SHOWN, FILES = 10, 3  # classes, and files that are not read, in the line that is printed
KNOWN = ", ".join(f"{part} ({', '.join(names)})" for part, names in PARTS.items())


def read(folder: Place) -> Labelled:
    """The pictures below a folder, listed and not yet decoded. Prints what was taken for parts and for classes.

    Raises:
        BadInput: folders or files that are neither, a class without pictures, or parts whose classes differ.
    """
    places = parted(folder)
    parts = {name: classes(place) for name, place in places.items()}
    train = parts["train"]
    for name, part in parts.items():
        if differing := sorted(part.keys() ^ train.keys()):
            where, missing = ("train", name) if differing[0] in train else (name, "train")
            alike = [other for other in parts[missing] if other.casefold() == differing[0].casefold()]
            remedy = f", which has {alike[0]!r}; give both the same name" if alike else "; each part needs every class"
            raise BadInput(f"{folder}: class {differing[0]!r} is in {where} but not in {missing}{remedy}")
    files = [(file, label) for part in parts.values() for label, name in enumerate(part) for file in part[name]]
    counts = [sum(map(len, parts.get(name, {}).values())) for name in PARTS]
    shown = dict(zip(PARTS, counts, strict=True)) if len(parts) > 1 else {}
    print(summary(folder, tuple(train), shown, left_out(folder, places.values())), flush=True)
    return Labelled(
        shown=str(folder),
        y=np.array([label for _, label in files], np.intp),
        classes=tuple(train),
        parts=(counts[0], counts[1], counts[2]),
        picture=lambda n: pictures.read(files[n][0]),
        place=lambda n: str(files[n][0]),
    )


def parted(folder: Place) -> dict[str, Place]:
    """The folders of the parts, in their order; the folder itself as train where it has none.

    Raises:
        BadInput: a part is there twice, or there are parts and other folders, or none to train on, or pictures alone.
    """
    folders = folder.folders()
    named = {place: PART[place.name.lower()] for place in folders if place.name.lower() in PART}
    nested = [place for place in named if place.folders()]
    if not nested:
        if len(folders) > 1 and len(named) == len(folders):
            raise BadInput(
                f"{folders[0]}: this folder has the name of a part but contains no class folders; put the pictures of "
                f"each class into a folder, as {folders[0].name}/CLASS/PICTURE.png"
            )
        return {"train": folder}
    if other := [place for place in folders if place not in named]:
        raise BadInput(
            f"{other[0]}: unexpected folder beside the part '{nested[0].name}': expected one of {KNOWN}; rename or "
            "remove it"
        )
    parts: dict[str, Place] = {}
    for part in PARTS:
        for place in [place for place in folders if named[place] == part]:
            if part in parts:
                raise BadInput(
                    f"{place}: this folder and '{parts[part].name}' are both the part {part}; keep one of them"
                )
            parts[part] = place
    if "train" not in parts:
        raise BadInput(
            f"{nested[0]}: the part train is missing beside this part; add a folder for it (the parts are {KNOWN})"
        )
    return parts


def classes(folder: Place) -> dict[str, list[Place]]:
    """The pictures of each class, both in order of their names; two spellings of one name in Unicode are one class.

    Raises:
        BadInput: a picture lies outside the class folders, something else inside, or a class is empty.
    """
    if stray := [file for file in folder.files() if file.suffix in PICTURES]:
        raise BadInput(f"{stray[0]}: unexpected picture beside the class folders; move it into the folder of its class")
    if not folder.folders():
        raise BadInput(f"{folder}: no class folders found; put the pictures of each class into a folder")
    for place in folder.folders():
        inner = place.folders()
        if inner and not holds_pictures(place):
            raise BadInput(
                f"{place}: this folder contains no pictures but folders, and is no part: expected the folder of a "
                f"class, or one of {KNOWN}; rename it, or move its folders one folder up"
            )
        if inner:
            raise BadInput(f"{inner[0]}: unexpected folder in a class folder; move its pictures one folder up")
        if other := [file for file in place.files() if file.suffix not in PICTURES]:
            raise BadInput(
                f"{other[0]}: unexpected file in a class folder: expected pictures ({', '.join(sorted(PICTURES))}); "
                "remove it from the folder"
            )
        if not place.files():
            raise BadInput(f"{place}: no pictures found in this class folder; add some, or remove the folder")
        for file, following in zip(place.files(), place.files()[1:], strict=False):
            if file.name == following.name:
                raise BadInput(
                    f"{following}: two files have this name, in two Unicode spellings; rename or remove one of them"
                )
    spelled = groupby(folder.folders(), key=lambda place: place.name)
    return {name: [file for place in places for file in place.files()] for name, places in spelled}


def left_out(folder: Place, parts: Iterable[Place]) -> list[str]:
    """Names of the files beside the class folders and beside the parts, such as a table of labels."""
    inside = [f"{part.name}/{file.name}" for part in parts if part != folder for file in part.files()]
    return [*(file.name for file in folder.files()), *inside]


def summary(folder: Place, names: tuple[str, ...], parts: dict[str, int], files: list[str]) -> str:
    """A line that says how each folder was read, and which files were not."""
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    line = f"{folder}: {len(names)} classes, by the names of their folders: {shown}"
    if parts:
        line += f"; parts: {', '.join(f'{name} {count}' for name, count in parts.items() if count)}"
    elif taken := [name for name in names if name.lower() in PART]:
        line += f"; '{taken[0]}' contains pictures, so it is a class and no part"
    lower = [name.casefold() for name in names]
    if alike := [name for name in names if lower.count(name.casefold()) > 1]:
        line += f"; {' and '.join(alike[:2])} differ by case alone, and are two classes"
    if files:
        more = f" and {len(files) - FILES} more" if len(files) > FILES else ""
        line += f"; not read, as classes are the names of folders: {one_line(', '.join(files[:FILES]))}{more}"
    return line
