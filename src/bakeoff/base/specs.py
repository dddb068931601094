"""Functions for registries of specs: a dictionary by name, and the settings class of a section of params.yaml."""

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Protocol, TypeVar

from pydantic import create_model

from bakeoff.base.settings import Settings


class Named(Protocol):
    @property
    def name(self) -> str: ...


Spec = TypeVar("Spec", bound=Named)


def by_name(kind: str, defined: Iterable[tuple[ModuleType, Spec]]) -> dict[str, Spec]:
    """Return the specs by name, in their order.

    Args:
        kind: of the specs, in messages.
        defined: each spec with its module.

    Raises:
        ValueError: two have the same name.
    """
    specs: dict[str, Spec] = {}
    for module, spec in defined:
        if spec.name in specs:
            raise ValueError(f"{module.__name__}: the {kind} '{spec.name}' is defined twice; rename one")
        specs[spec.name] = spec
    return specs


def section(name: str, settings: Mapping[str, type[Settings]]) -> Any:
    """Return the settings class of a section with a subsection for each of these names."""
    fields: dict[str, Any] = {key: (kind, ...) for key, kind in settings.items()}
    return create_model(name, __base__=Settings, **fields)
