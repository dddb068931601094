"""Chooses the reader: by the catalogue's word, or by what a folder holds."""

from bakeoff.base.settings import BadInput
from bakeoff.data.images import pictures
from bakeoff.data.images.source_tree import PICTURES, Place, root
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import stacks, template, volumes
from bakeoff.data.scans.pairs import pairs
from bakeoff.data.scans.sequence import Scan
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.data.sources import archive
from bakeoff.data.sources.find import Found

FOLDERS = ("images", "masks")
PETS = ("images", "annotations")


def read(found: Found, settings: ScansSettings, limits: Limits, remarks: Remarks) -> list[Scan]:
    """The scans of a source, in the order of their names, not yet decoded.

    Raises:
        BadInput: what it holds is not laid out as it should be, or cannot be read.
    """
    match found.reader:
        case "mni152":
            return [template.read(found.name, found.files, settings.volumes.plane, settings.resize)]
        case "isbi-2012":
            return [isbi(Place(archive.folder(found.files["data"], limits), found.name, limits), remarks)]
        case "oxford-iiit-pet":
            images, annotations = (
                Place(archive.folder(found.files[role], limits), found.name, limits) for role in PETS
            )
            return pets(images / "images", annotations / "annotations" / "trimaps", remarks)
        case "bbbc039":
            images, masks = (
                Place(archive.folder(found.files[role], limits), found.name, limits) / role for role in FOLDERS
            )
            both = pairs(images.files(), masks.files(), remarks)
            return [stacks.read(image, mask, remarks, pictures.red) for image, mask in both]
        case "dsb2018":
            return dsb2018(Place(archive.folder(found.files["data"], limits), found.name, limits) / "dsb2018", remarks)
        case _:
            return in_folder(root(found.files["data"], found.name, limits), settings, remarks)


def in_folder(folder: Place, settings: ScansSettings, remarks: Remarks) -> list[Scan]:
    """Scans in images/ and masks/, paired by their names.

    Raises:
        BadInput: a folder is missing or empty, or holds what is neither picture nor volume; files do not pair.
    """
    names = [place.name for place in folder.folders()]
    if missing := [name for name in FOLDERS if name not in names]:
        shown = ", ".join(f"{name}/" for name in names[:5]) or "none"
        raise BadInput(
            f"{folder}: the folder {missing[0]}/ is missing (found: {shown}): expected scans in images/ and their "
            "labels in masks/; rename the folders"
        )
    images, masks = (scans(folder / name) for name in FOLDERS)
    return [pair(image, mask, settings, remarks) for image, mask in pairs(images, masks, remarks)]


def scans(folder: Place) -> list[Place]:
    """The files of a folder, all of them pictures or volumes by their names.

    Raises:
        BadInput: there are none, or there is something else.
    """
    if inner := folder.folders():
        raise BadInput(f"{inner[0]}: unexpected folder; move its files one folder up, into images/ or masks/")
    files = folder.files()
    if other := [file for file in files if file.suffix not in PICTURES and not volumes.is_volume(file)]:
        if other[0].suffix in volumes.PAIR:
            raise BadInput(
                f"{other[0]}: a volume in two files, .hdr and .img, is not read; save it as one .nii or .nii.gz file"
            )
        known = ", ".join([*sorted(PICTURES), *volumes.SUFFIXES])
        raise BadInput(
            f"{other[0]}: unexpected file: expected pictures or volumes ({known}); convert it to one of "
            "these, or remove it from the folder"
        )
    if not files:
        raise BadInput(f"{folder}: the folder contains no files; put the {folder.name} there")
    return files


def pair(image: Place, mask: Place, settings: ScansSettings, remarks: Remarks) -> Scan:
    """A pair of pictures or stacks, or of volumes.

    Raises:
        BadInput: one is a volume and one is not, or compression has changed the labels of instances.
    """
    if volumes.is_volume(image) != volumes.is_volume(mask):
        raise BadInput(
            f"{mask}: the kind of file differs from that of {image}: expected two volumes or two pictures; "
            "convert one of them"
        )
    if volumes.is_volume(image):
        return volumes.read(image, mask, settings.volumes, remarks)
    if settings.rest is not None and pictures.lossy(mask):  # where each value is listed, a changed one is refused
        raise BadInput(
            f"{mask}: a mask with lossy compression may have changed labels, which params.yaml: data.scans.labels "
            "would not notice, as it has a class for the rest of the values; save masks as PNG or TIFF"
        )
    return stacks.read(image, mask, remarks)


def isbi(folder: Place, remarks: Remarks) -> Scan:
    """The training stack of the challenge ISBI 2012: 30 serial sections; 0 membrane, 255 cell."""
    return stacks.read(below(folder, "train-volume.tif"), below(folder, "train-labels.tif"), remarks)


def below(folder: Place, name: str) -> Place:
    """The one file of a name in a folder or in those below it.

    Raises:
        BadInput: there is none, or more than one.
    """
    found = sorted(path.relative_to(folder.path).as_posix() for path in folder.path.rglob(name))
    if len(found) != 1:
        raise BadInput(f"{folder}: found {len(found)} files named {name}: expected one; download the archive again")
    return folder / found[0]


def pets(images: Place, trimaps: Place, remarks: Remarks) -> list[Scan]:
    """Oxford-IIIT Pet: 1 pet, 2 background, 3 the edge between; MATLAB's files beside some pictures are left out."""
    photos = [file for file in images.files() if file.suffix == ".jpg"]
    return [stacks.read(*both, remarks) for both in pairs(photos, trimaps.files(), remarks)]


def dsb2018(folder: Place, remarks: Remarks) -> list[Scan]:
    """Fluorescence pictures of the Data Science Bowl 2018: StarDist's training part, then its test part."""
    return [
        stacks.read(image, mask, remarks)
        for part in ("train", "test")
        for image, mask in pairs((folder / part / "images").files(), (folder / part / "masks").files(), remarks)
    ]
