"""Chooses the reader: by the catalogue's word, or by what a file or folder holds."""

from pathlib import PurePath

from bakeoff.base.settings import BadInput
from bakeoff.data.images import arrays, cifar, class_folders, idx, mnist
from bakeoff.data.images.labelled import Labelled
from bakeoff.data.images.source_tree import Place, root
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import Found


def read(found: Found, limits: Limits) -> Labelled:
    """The pictures of a source with their classes.

    Raises:
        BadInput: what it holds is none of the layouts that are read, or is not as its layout should be.
    """
    match found.reader:
        case "mnist-5k":
            return mnist.read(found.name, found.files["digits"])
        case "idx":
            return idx.read(found.name, {role: Place(path, found.name, limits) for role, path in found.files.items()})
        case _:
            (path,) = found.files.values()
            if PurePath(found.name.partition("?")[0]).suffix.lower() == ".npz":
                return arrays.read(Place(path, found.name, limits))
            return in_folder(root(path, found.name, limits))


def in_folder(folder: Place) -> Labelled:
    """The pictures in a folder, by the first layout of which it has the marks."""
    if files := idx.find(folder):
        return idx.read(str(folder), files)
    if edition := cifar.find(folder):
        return cifar.read(folder, edition)
    if folder.folders():
        return class_folders.read(folder)
    alone = folder.files()
    if len(alone) == 1 and alone[0].suffix == ".npz":
        return arrays.read(alone[0])
    raise BadInput(
        f"{folder}: no images in a known layout found: expected one folder for each class, IDX files, CIFAR batches, "
        "or one .npz file; arrange them so"
    )
