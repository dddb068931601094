"""The comparison of the U-Net with MONAI's networks: equal parameters, medians, and differences of paired seeds."""

from typing import Any

import pytest

from benchmarks.segmentation import Process, Run, markdown, width, with_spread


def process(name: str, runs: list[Run]) -> Process:
    nothing: Any = None
    return Process(name, nothing, runs)


@pytest.mark.parametrize(("wanted", "expected"), [(0, 1), (24, 5), (30, 5), (31, 6), (10**6, 9)])
def test_a_width_has_the_nearest_number_of_parameters(wanted: int, expected: int) -> None:
    assert width(lambda channels: channels**2, wanted, range(1, 10)) == expected


def test_the_smaller_of_two_widths_that_are_as_near_is_taken() -> None:
    assert width(lambda channels: 10 * channels, 25, range(1, 10)) == 2


def test_a_spread_needs_two_seeds() -> None:
    assert with_spread([0.5]) == "0.500"
    assert with_spread([0.4, 0.6]) == "0.500 ± 0.141"


def test_the_table_has_medians_without_the_first_training_and_differences_at_best_rates() -> None:
    ours = process(
        "ours", [Run(0, 0.1, 9.0, 0.5), Run(0, 0.2, 1e-3, 0.8), Run(1, 0.1, 3e-3, 0.6), Run(1, 0.2, 2e-3, 0.9)]
    )
    theirs = process(
        "theirs", [Run(0, 0.1, 0.0, 0.7), Run(0, 0.2, 4e-3, 0.1), Run(1, 0.1, 4e-3, 0.7), Run(1, 0.2, 4e-3, 0.1)]
    )
    lines = markdown([ours, theirs], {"ours": 1000, "theirs": 2000}, (0.1, 0.2)).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({len(row) for row in rows}) == 1
    assert rows[2] == ["ours", "1,000", "2.00", "1.00", "0.550 ± 0.071", "0.850 ± 0.071", ""]
    assert rows[3] == ["theirs", "2,000", "4.00", "2.00", "0.700 ± 0.000", "0.100 ± 0.000", "0.150 ± 0.071"]
