"""Settings that networks share, and the limits of a network on the data."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import Settings


def he_xavier_or_sigma(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Return an initialisation.

    Raises:
        ValueError: it is neither a name nor a standard deviation.
    """
    try:
        return check(value)
    except ValidationError:
        raise ValueError(
            f"invalid initialisation {quoted(value)}: expected he, xavier, or a standard deviation above 0 (at most "
            "1000)"
        ) from None


Width = Annotated[int, Field(ge=1, le=2**16)]
Widths = Annotated[tuple[Width, ...], Field(strict=False, min_length=1)]
ActivationName = Literal["step", "sigmoid", "tanh", "relu", "softplus", "gelu"]
NormalisationName = Literal["batch", "lrn_across", "lrn_within", "none"]
RowNormalisationName = Literal["batch", "none"]
InitialisationName = Literal["he", "xavier"]
Sigma = Annotated[float, Field(ge=0, le=1e3)]
PositiveSigma = Annotated[float, Field(gt=0, le=1e3)]  # with 0 no gradient passes the second layer
Initialisation = Annotated[InitialisationName | PositiveSigma, WrapValidator(he_xavier_or_sigma)]
Share = Annotated[float, Field(ge=0, lt=1)]


class NetworkSettings(Settings):
    """The settings of a network. A network with limits overrides the methods that return them.

    A fault is a message without the place of these settings in params.yaml: it begins with the key at fault.
    """

    def size_fault(self, height: int, width: int, images: str) -> str | None:  # noqa: ARG002
        """Return why images of this height and width cannot go through the network; None if they can.

        Args:
            images: what the message calls the images, for example "3 x 9 pixels".
        """
        return None

    def training_size_fault(self, height: int, width: int, images: str) -> str | None:  # noqa: ARG002
        """Return why the network cannot be trained on such images, though it can label them; None if it can."""
        return None

    @property
    def smallest_batch(self) -> int:
        """The smallest number of examples in a training batch."""
        return 1

    def gradient_faults(self) -> Iterator[str]:
        """Yield why the result of a training is not differentiable in its hyperparameters."""
        yield from ()


class LayerSettings(NetworkSettings):
    """The settings that all networks of images share."""

    normalisation: NormalisationName
    activation: ActivationName
    initialisation: Initialisation
