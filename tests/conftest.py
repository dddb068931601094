"""Tests run in the environment in which the stages do."""

import bakeoff.reproducible  # noqa: F401  before any test imports torch
