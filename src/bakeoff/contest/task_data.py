"""The data of a task."""

from collections.abc import Callable
from typing import Any

from bakeoff.base import paths


def examples(settings: Callable[[str, Any], Any], task: str) -> str:
    """Return the path of a task's examples: `settings` gives the value of a dotted key, checked by a type."""
    data = settings(f"tasks.{task}.data", str)
    return paths.examples(data, settings(f"data.{data}.kind", paths.Kind))
