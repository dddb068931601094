"""A figure as its module draws it, to be looked into."""

import io
from collections.abc import Callable
from types import ModuleType

import pytest
from matplotlib.figure import Figure


def rendered(monkeypatch: pytest.MonkeyPatch, module: ModuleType, draw: Callable[[], object]) -> Figure:
    """Return the figure that a module would write as PNG, rendered once: ticks and texts then have their places.

    Args:
        draw: calls the function of the module.
    """
    figures: list[Figure] = []
    monkeypatch.setattr(module, "png", lambda figure: figures.append(figure) or b"")
    draw()
    figures[0].savefig(io.BytesIO(), format="png")
    return figures[0]
