import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch
from scipy import stats

from bakeoff.base import settings
from bakeoff.base.values import Metric
from bakeoff.data.card import Card, Part
from bakeoff.data.examples import Examples, Split
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import scans
from bakeoff.data.scans.read import read
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.data.sources.find import find
from bakeoff.results.model import Reference
from bakeoff.results.references import INTENSITIES, HeldOut, held_out, intensity_baseline, mean_dice, no_better_than
from bakeoff.training.metrics import dice

ROOT = Path(__file__).parents[2]


def brain(**change: float) -> Examples:
    document = settings.load(ROOT / "params.yaml")
    chosen = settings.validate(document, "data.scans", ScansSettings).model_copy(update=change)
    limits = settings.validate(document, "limits", Limits)
    found = read(find(chosen.source, "scans", limits), chosen, limits, Remarks())
    return scans.examples(found, chosen, lambda n: n, Remarks())


def test_the_field_makes_a_table_of_intensities_fail() -> None:
    assert intensity_baseline(brain(bias_field=0.0, noise=0.0)).validation > 0.9
    hard = intensity_baseline(brain())
    assert max(hard.validation, hard.test) < 0.8


@pytest.mark.parametrize("C", [1, 3])
def test_the_baseline_learns_from_training_pixels_alone(C: int) -> None:
    def split(levels: list[int], labels: list[int]) -> Split:
        x = np.array(levels, np.uint8).reshape(1, 1, 1, -1)
        if C == 3:  # the first tells nothing; the mean, rounded down, is the level
            x = np.concatenate([np.zeros_like(x), x, 2 * x + 1], axis=1)
        return Split(x, np.array(labels, np.uint8).reshape(1, 1, -1))

    # 10 is mostly grey, 20 white, 0 background; 30 was never seen and counts as background.
    train = split([0, 10, 10, 10, 20], [0, 1, 1, 2, 2])
    validation = split([10, 10, 20, 30, 0], [1, 2, 2, 2, 0])
    scores = intensity_baseline(Examples(train, validation, train, ("background", "grey", "white")))
    grey, white = 2 * 1 / (2 + 1), 2 * 1 / (1 + 3)
    assert scores.validation == pytest.approx((grey + white) / 2)
    assert scores.test == pytest.approx((2 * 2 / (3 + 2) + 2 * 1 / (1 + 2)) / 2)
    without = Examples(train, validation, train, ("road", "grey", "white"), background=False)
    assert intensity_baseline(without).validation == pytest.approx((2 * 1 / (1 + 2) + grey + white) / 3)
    # Of a mask that is grey everywhere, and one that is white everywhere: 1 and 3 of 5 pixels are.
    (one, _) = held_out("dice", Card.of(without, "scans", "mine"), without).references
    assert one.validation == pytest.approx(2 * 3 / (5 + 3) / 3)


def card(kind: str, validation: Sequence[int], test: Sequence[int] | None = None) -> Card:
    def part(labels: Sequence[int]) -> Part:
        return Part(examples=sum(labels), labels=tuple(labels))

    return Card(
        kind=kind,  # type: ignore[arg-type]
        source="mine",
        taken=None,
        classes=tuple(map(str, range(len(validation)))),
        shape=(1, 4, 4),
        train=part(validation),
        validation=part(validation),
        test=part(test or validation),
        samples=None,
    )


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_mean_dice_is_that_of_the_networks(classes: int) -> None:
    rng = np.random.default_rng(classes)
    predicted, labels = (torch.from_numpy(rng.integers(0, classes, (3, 5, 4))) for _ in range(2))
    predicted[predicted == classes - 1] = 0
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (labels.numpy().ravel(), predicted.numpy().ravel()), 1)
    found = dice(predicted, labels, classes)
    assert mean_dice(confusion, range(1, classes)) == pytest.approx(fmean(found[1:]), rel=1e-12)
    assert mean_dice(confusion, range(classes)) == pytest.approx(fmean(found), rel=1e-12)
    absent = np.zeros((classes, classes))
    absent[0, 0] = 7  # nothing but background, and predicted so
    assert mean_dice(absent, range(1, classes)) == 1.0


@pytest.mark.parametrize(
    ("labels", "test", "share", "of_test"), [((50, 30, 20), (1, 3, 4), 0.5, 0.125), ((1, 1), (1, 1), 0.5, 0.5)]
)
def test_the_majority_class_is_that_of_the_validation_data(
    labels: tuple[int, ...], test: tuple[int, ...], share: float, of_test: float
) -> None:
    (reference,) = held_out("accuracy", card("images", labels, test), None).references
    assert reference == Reference(name="the majority class", validation=share, test=of_test)


@pytest.mark.parametrize("labels", [(5, 5), (9, 1), (3, 3, 4)])
def test_an_area_under_the_curve_is_measured_against_chance(labels: tuple[int, ...]) -> None:
    (reference,) = held_out("auc", card("table", labels), None).references
    assert (reference.name, reference.validation, reference.test) == ("chance", 0.5, 0.5)


@pytest.mark.parametrize("labels", [(10, 40), (40, 10), (10, 20, 30), (70, 20, 5, 5), (10, 0, 0)])
def test_the_mask_with_one_label_is_the_best_of_them(labels: tuple[int, ...]) -> None:
    y = torch.from_numpy(np.repeat(np.arange(len(labels)), labels)).view(1, 1, -1)
    best = max(fmean(dice(torch.full_like(y, k), y, len(labels))[1:]) for k in range(len(labels)))
    reference = held_out("dice", card("scans", labels), None).references[0]
    assert reference.name == "a mask with one label"
    assert reference.validation == pytest.approx(best, abs=1e-6)


def test_a_task_on_scans_has_the_intensity_baseline_too() -> None:
    split = Split(np.zeros((1, 1, 1, 3), np.uint8), np.array([[[0, 1, 1]]], np.uint8))
    found = held_out("dice", card("scans", (1, 2)), Examples(split, split, split, ("background", "cell")))
    assert [reference.name for reference in found.references] == ["a mask with one label", INTENSITIES]


def against(value: float, labels: tuple[int, ...] = (500_000, 500_000)) -> HeldOut:
    return HeldOut(labels, (Reference(name="the majority class", validation=value, test=value),))


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("shift", [-0.1, 0.0, 0.5, 0.99, 1.01, 2.0])
def test_over_seeds_the_rule_is_a_one_sided_t_test(seeds: int, shift: float) -> None:
    """Of Dice the sampling error of the validation data is not known. 1 is where the t-test has p = .05."""
    values = np.random.default_rng(seeds).normal(0, 0.01, seeds)
    values += 0.6 - values.mean() + shift * stats.t.ppf(0.95, seeds - 1) * values.std(ddof=1) / math.sqrt(seeds)
    p = stats.ttest_1samp(values, 0.6, alternative="greater").pvalue
    assert (no_better_than(values, "dice", against(0.6), 0.95) is None) is bool(p < 0.05) is (shift > 1)


@pytest.mark.parametrize(("metric", "labels"), [("accuracy", (50, 50)), ("auc", (50, 50)), ("auc", (90, 10))])
def test_luck_with_the_validation_data_is_no_better_than_chance(metric: Metric, labels: tuple[int, ...]) -> None:
    """All seeds alike are a little better on 100 examples, which no t-test over the seeds can explain."""
    lucky = np.array([0.55, 0.551, 0.549, 0.55, 0.55])
    assert no_better_than(lucky, metric, against(0.5, labels), 0.95) == "the majority class"
    assert no_better_than(lucky, metric, against(0.5), 0.95) is None
    assert no_better_than(lucky + 0.3, metric, against(0.5, labels), 0.95) is None


@pytest.mark.parametrize("value", [0.8767, 0.1, 2 / 3])
@pytest.mark.parametrize("seeds", [1, 3, 8])
def test_a_network_that_predicts_one_label_everywhere_is_no_better_than_that(value: float, seeds: int) -> None:
    assert no_better_than(np.full(seeds, value), "dice", against(value), 0.95) == "the majority class"
    assert no_better_than(np.full(seeds, value + 0.01), "dice", against(value), 0.95) is None


def test_the_highest_reference_that_is_not_reached_is_named() -> None:
    references = (
        Reference(name="a mask with one label", validation=0.3, test=0.3),
        Reference(name=INTENSITIES, validation=0.6, test=0.6),
    )
    for mean, name in ((0.2, INTENSITIES), (0.4, INTENSITIES), (0.7, None)):
        assert no_better_than(np.full(3, mean), "dice", HeldOut((1, 1), references), 0.95) == name


def test_diverged_runs_are_left_out_and_a_cell_without_others_is_not_judged() -> None:
    assert no_better_than(np.array([0.9, np.nan, 0.91, 0.92]), "accuracy", against(0.5), 0.95) is None
    assert no_better_than(np.array([0.4, np.nan, 0.41]), "accuracy", against(0.5), 0.95) == "the majority class"
    assert no_better_than(np.array([np.nan, np.nan]), "accuracy", against(0.5), 0.95) is None


def test_networks_that_have_learnt_nothing_are_called_better_in_one_of_twenty_cases_at_most() -> None:
    """Accuracies on 200 examples of two equal classes: luck with the examples is common to all seeds."""
    rng = np.random.default_rng(0)
    found = HeldOut((100, 100), (Reference(name="the majority class", validation=0.5, test=0.5),))
    lucky = rng.binomial(200, 0.5, 3000)[:, None] / 200
    cells = lucky + rng.normal(0, 0.02, (3000, 5))
    better = np.mean([no_better_than(values, "accuracy", found, 0.95) is None for values in cells])
    assert better <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 3000)
