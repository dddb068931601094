"""A network of the model registry, with the encoder or the settings for raw rows or pictures.

N examples; C, H, W channels, height and width.
"""

import base64
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from safetensors import SafetensorError

from bakeoff.base.settings import BadInput, Settings
from bakeoff.data.encoding.encoder import Encoder
from bakeoff.data.images.settings import Bits, Colour, Resize
from bakeoff.data.images.source_tree import Place
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans.settings import VolumeSettings
from bakeoff.inference import classes
from bakeoff.inference.models import Trained
from bakeoff.inference.pictures import Preparation, fitting
from bakeoff.tracking.predictor import NETWORK, WEIGHTS, Predictor

if TYPE_CHECKING:
    import pandas as pd

    from bakeoff.inference.masks import Segmenter

ORIGIN, ENCODER = "origin.json", "encoder.json"
PICTURE = "picture"  # the column of pictures: files in bytes, or in base64 where they are text
MASK = "mask"  # the column of masks: files in bytes
Kind = Literal["table", "images", "scans"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class PictureSettings(Settings):
    """Settings by which pictures are prepared, and the limits of reading them."""

    colour: Colour
    resize: Resize
    bits: Bits | None
    limits: Limits


class MaskSettings(PictureSettings):
    """Settings by which scans are prepared, and the values of their masks by class."""

    volumes: VolumeSettings
    values: Annotated[tuple[int, ...], Field(strict=False)]


class Origin(Settings):
    """The origin of a registered model.

    Attributes:
        name: how messages call it.
        data: the name of the data set.
        seeds: the metrics of the final run, by its seed.
        digests: sha256 of the examples, by path.
        pictures: None of a table, whose encoder is beside.
    """

    task: str
    name: str
    stage: str
    kind: Kind
    data: str
    seeds: dict[int, dict[str, float]]
    digests: dict[str, str]
    pictures: PictureSettings | MaskSettings | None

    def save(self, folder: Path) -> None:
        (folder / ORIGIN).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Origin":
        """Return the origin of the model in a folder.

        Raises:
            BadInput: another version of bakeoff wrote it.
        """
        try:
            return cls.model_validate_json((folder / ORIGIN).read_bytes())
        except ValidationError:
            raise unreadable(ORIGIN) from None


def unreadable(files: str) -> BadInput:
    """Return the error for files of a registered model that this version cannot read."""
    return BadInput(
        f"{files} of the registered model: is damaged, or another version of bakeoff wrote it; `bakeoff track` "
        "registers the model of this version, or name the network with --model"
    )


def stored(folder: Path) -> Trained:
    """Return the network in a folder.

    Raises:
        BadInput: another version of bakeoff wrote it.
    """
    origin = Origin.load(folder)
    try:
        described, predictor = json.loads((folder / NETWORK).read_bytes()), Predictor(folder)
    except (KeyError, ValueError, RuntimeError, SafetensorError):
        raise unreadable(f"{NETWORK} or {WEIGHTS}") from None
    return Trained(
        name=origin.name,
        network=described["model"],
        stage=origin.stage,
        card="",
        weights="",
        seeds=origin.seeds,
        settings=described["settings"],
        data=origin.digests,
        shape=tuple(described["shape"]),
        classes=tuple(described["classes"]),
        predictor=predictor,
    )


class RawPredictor:
    """Predicts raw rows or pictures."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.model = Origin.load(folder), stored(folder)
        self.encoder = Encoder.load(folder / ENCODER) if self.origin.kind == "table" else None

    def predict(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Return the output of `bakeoff predict`: the most probable class and the probabilities of each row, or masks.

        Args:
            frame: the raw columns of a table, or the one column of pictures.

        Raises:
            BadInput: a row cannot be read; none is predicted then.
        """
        import pandas as pd

        if self.origin.kind == "scans":
            return pd.DataFrame({MASK: self.masks(list(frame[PICTURE]))})
        x = self.encoded(frame) if self.encoder else self.pictures(list(frame[PICTURE]))
        probabilities = classes.probabilities(self.model, x)
        names = self.model.classes
        columns: dict[str, Any] = {"predicted": [names[place] for place in probabilities.argmax(axis=1)]}
        columns |= {f"probability.{name}": probabilities[:, place] for place, name in enumerate(names)}
        return pd.DataFrame(columns)

    def encoded(self, frame: "pd.DataFrame") -> NDArray[np.float32]:
        """Return rows as the network takes them."""
        from bakeoff.data.encoding.inference import encode_rows

        assert self.encoder is not None
        return encode_rows(self.encoder, frame)[0]

    def pictures(self, contents: Iterable[str | bytes]) -> NDArray[np.uint8]:
        """Return pictures (N, C, H, W) as the network takes them."""
        settings = self.origin.pictures
        assert settings is not None
        preparation = preparing(self.origin, Remarks())
        found = [fitting(self.model, preparation, place) for place in pictures_in(contents, settings.limits)]
        return np.stack(found) if found else np.empty((0, *self.model.shape), np.uint8)

    def masks(self, contents: Iterable[str | bytes]) -> list[bytes]:
        """Return the file of the mask of each picture: PNG, or of a TIFF file TIFF with as many pages."""
        settings = self.origin.pictures
        assert settings is not None
        segmenter = segmenting(self.origin, self.model, Remarks())
        return [segmenter.mask(place) for place in pictures_in(contents, settings.limits)]


def preparing(origin: Origin, remarks: Remarks) -> Preparation:
    """Return how pictures are prepared for a registered model."""
    found = origin.pictures
    assert found is not None
    return Preparation(origin.data, found.colour, found.resize, found.bits, remarks)


def segmenting(origin: Origin, model: Trained, remarks: Remarks) -> "Segmenter":
    """Return the segmenter of a registered model."""
    from bakeoff.inference.masks import Segmenter  # with readers of volumes, which other models do not need

    found = origin.pictures
    assert isinstance(found, MaskSettings)
    values = np.array(found.values, np.min_scalar_type(max(found.values)))
    return Segmenter(model, preparing(origin, remarks), found.volumes, values, None)


def pictures_in(contents: Iterable[str | bytes], limits: Limits) -> Iterator[Place]:
    """Yield each picture in a file, which is there until the next one is asked for.

    Raises:
        BadInput: a text is not base64.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        for row, content in enumerate(contents, start=1):
            path.write_bytes(decoded(content, f"row {row}"))
            yield Place(path, f"row {row}", limits)


def decoded(content: str | bytes, place: str) -> bytes:
    """Return the bytes of a picture.

    Raises:
        BadInput: a text is not base64.
    """
    if isinstance(content, bytes):
        return content
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        raise BadInput(
            f"{place}: invalid base64 text: expected the encoded bytes of a picture file; encode them with base64"
        ) from None


def _load_pyfunc(path: str) -> RawPredictor:
    """Return the predictor in a folder; MLflow calls this name."""
    return RawPredictor(Path(path))
