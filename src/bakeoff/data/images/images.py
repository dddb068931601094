"""Images as bytes of one colour mode and one size, shuffled, and split so that each class keeps its share.

N images; C, H, W channels, height and width.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.base.values import resolved
from bakeoff.data.examples import SPLITS, Examples, Split
from bakeoff.data.images import area
from bakeoff.data.images.depth import Depth
from bakeoff.data.images.labelled import Labelled
from bakeoff.data.images.pixels import Picture, recolour
from bakeoff.data.images.settings import ImageSplitSettings, ImagesSettings
from bakeoff.data.images.twins import Twins
from bakeoff.data.remarks import Remarks
from bakeoff.data.stratify import stratified

MOST = 256  # classes, for a label is a byte


def examples(found: Labelled, settings: ImagesSettings, advance: Callable[[int], object], remarks: Remarks) -> Examples:
    """The splits: x (N, C, H, W) and y (N,), both uint8. Each picture is decoded straight into its place.

    Raises:
        BadInput: too few classes or too many, no such split, a picture that cannot be read, or sizes that differ.
    """
    if not 2 <= len(found.classes) <= MOST:
        raise BadInput(
            f"{found.shown}: invalid number of classes {len(found.classes)} ({', '.join(found.classes[:3])}, …): "
            f"expected 2 to {MOST}; add pictures of another class, or merge classes"
        )
    y = found.y.astype(np.uint8)

    def every() -> Iterator[Picture]:
        return map(found.picture, range(len(found.y)))

    depth = Depth("data.images.bits", settings.bits, every, remarks)

    def picture(n: int) -> NDArray[np.uint8]:
        decoded = recolour(depth.eight(found.picture(n), found.place(n)), settings.colour)
        old = (decoded.shape[1], decoded.shape[2])
        new = area.size(old, settings.resize)
        area.check(found.place(n), old, new)
        return area.means(decoded, new)

    def split(part: str, rows: NDArray[np.intp]) -> Split:
        x = np.empty((len(rows), *first.shape), np.uint8)
        for at in np.argsort(rows):  # as they lie on the disk
            n = int(rows[at])
            decoded = picture(n)
            if decoded.shape != first.shape:
                (h, w), (H, W) = decoded.shape[1:], first.shape[1:]
                raise BadInput(
                    f"{found.place(n)}: invalid size {h} x {w} (height x width): expected {H} x {W}, the size of "
                    f"{found.place(0)}; params.yaml: data.images.resize: [height, width] brings all pictures to one "
                    "size"
                )
            x[at] = decoded
            twins.see(n, decoded, part)
            advance(1)
        return Split(x, y[rows])

    parts = split_rows(found, settings.split, remarks)
    first, twins = picture(0), Twins(found)
    train, validation, test = map(split, SPLITS, parts)
    twins.remark(remarks)
    return Examples(train, validation, test, found.classes)


def split_rows(found: Labelled, settings: ImageSplitSettings, remarks: Remarks) -> list[NDArray[np.intp]]:
    """Return which pictures are in train, validation and test, each in random order.

    `given` takes the part that the source puts aside. A number, or a share, is drawn, stratified, from what no `given`
    part holds, and train keeps the rest.

    Raises:
        BadInput: there is no such part, nothing is left to train on, or a class has none in train or in a given part.
    """
    generator = np.random.default_rng(settings.seed)
    more = "" if found.whole is None else ", or raise data.images.take"
    own = dict(zip(SPLITS, np.split(np.arange(len(found.y)), np.cumsum(found.parts)[:2]), strict=True))
    rows: dict[str, NDArray[np.intp]] = {}
    drawn = {"test": settings.test, "validation": settings.validation}
    for name, wanted in drawn.items():
        if wanted == "given":
            if not len(own[name]):
                raise BadInput(
                    f"params.yaml: data.images.split.{name} is given, but {found.shown} has no part of that name; "
                    f"write a number{more}"
                )
            rows[name] = own[name]
    pool = np.concatenate([own[name] for name in SPLITS if name not in rows])
    numbers = {name: resolved(wanted, len(pool)) for name, wanted in drawn.items() if wanted != "given"}
    shares = [(name, drawn[name], number) for name, number in numbers.items() if isinstance(drawn[name], float)]
    if shares:
        told = ", ".join(f"{name} {share:g} = {number:,}" for name, share, number in shares)
        remarks.add(f"data.images.split: {told} of {len(pool):,} images")
    if (held := sum(numbers.values())) >= len(pool):
        raise BadInput(
            f"params.yaml: data.images.split: {' + '.join(numbers)} is {held}: expected less than {len(pool)}, the "
            f"number of images in {found.shown} to draw from; lower it{more}"
        )
    order = pool[stratified(found.y[pool], generator)]
    for name, wanted in numbers.items():
        rows[name], order = np.split(order, [wanted])
    rows["train"] = order
    for name in SPLITS:
        missing = np.flatnonzero(np.bincount(found.y[rows[name]], minlength=len(found.classes)) == 0)
        if len(missing) and (name == "train" or drawn[name] == "given"):
            raise BadInput(
                f"{found.shown}: class '{found.classes[missing[0]]}' has no image in {name}; add some, or change "
                f"params.yaml: data.images.split{more}"
            )
    return [rows[name] for name in SPLITS]
