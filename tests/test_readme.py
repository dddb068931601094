"""The README says what the pipeline wrote, and names only what is there."""

import re
from pathlib import Path

import pytest

from bakeoff.report.pages import embed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_results_is_the_one_that_the_pipeline_wrote() -> None:
    results = (ROOT / "reports/results.md").read_text(encoding="utf-8")
    assert embed(README, results) == README, "run `make readme`"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)]+)\)", README))))
def test_each_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


# `make repro` in text, and an indented line that begins with it.
TARGETS = re.findall(r"(?:`|^    (?:TORCH=cuda )?)make (?:clean )?([a-z]+)", README, re.MULTILINE)


@pytest.mark.parametrize("target", sorted(set(TARGETS)))
def test_each_target_is_in_the_makefile(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
