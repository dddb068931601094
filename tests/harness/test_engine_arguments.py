"""Which commands ask whether the store lost what `track` brought in."""

import pytest

from bakeoff.harness.engine import tracks


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("repro", True),
        ("repro --force-downstream", True),
        ("repro --single-item track", True),
        ("--wait-for-lock repro --single-item train_images@cnn-adam", False),
        ("repro --dry", False),  # changes nothing
        ("status", False),
    ],
)
def test_a_reproduction_that_may_run_track_asks(command: str, asked: bool) -> None:
    assert tracks(command.split()) == asked
