"""The section `data.encoding` of params.yaml."""

from typing import Literal

from bakeoff.data.settings import Positive
from bakeoff.settings import Settings


class EncodingSettings(Settings):
    scaling: Literal["standard", "minmax", "none"]
    minimum_frequency: Positive
