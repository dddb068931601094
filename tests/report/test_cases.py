"""Which pictures are the best, the median and the worst, and what a figure and a page say of them."""

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from bakeoff.data.examples import Examples, Split
from bakeoff.report import pages
from bakeoff.report.figures import cases as module
from bakeoff.report.figures.cases import ERRORS, Cases, cases, draw_cases, errors, overlay
from bakeoff.results.model import Winner
from bakeoff.training.metrics import dice

WINNER = Winner(model="unet", optimizer="adam", seed=1)
CLASSES = ("background", "grey", "white")


class Copying(nn.Module):
    """Predicts as class k what has the value k; it counts the pictures of each batch."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([-(x[:, 0] * 255 - k).abs() for k in range(3)], dim=1)


def of(predicted: list[np.ndarray], masks: list[np.ndarray], background: bool) -> Examples:
    split = Split(np.stack(predicted)[:, np.newaxis].astype(np.uint8), np.stack(masks).astype(np.uint8))
    return Examples(split, split, split, CLASSES, background)


def noisy(wrong: list[int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Predictions with so many wrong pixels each, and masks."""
    masks = [np.repeat([0, 1, 2], 12).reshape(6, 6) for _ in wrong]
    predicted = [mask.copy() for mask in masks]
    for count, drawn in zip(wrong, predicted, strict=True):
        drawn.ravel()[12 : 12 + count] = 0
    return predicted, masks


@pytest.fixture(autouse=True)
def copying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "restored", lambda *_: Copying())


def found(predicted: list[np.ndarray], masks: list[np.ndarray], background: bool = True) -> Cases:
    return cases(of(predicted, masks, background), Path("unread"), WINNER, SimpleNamespace())


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_the_cases_are_those_of_the_sorted_scores(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(module, "BATCH", batch)
    predicted, masks = noisy([4, 1, 9, 2, 6])
    shown = found(predicted, masks)
    assert [(case.rank, case.number) for case in shown.shown] == [("best", 2), ("median", 1), ("worst", 3)]
    for case in shown.shown:
        place = case.number - 1
        np.testing.assert_array_equal(case.predicted, predicted[place])
        np.testing.assert_array_equal(case.mask, masks[place])
        alone = dice(torch.tensor(predicted[place])[None], torch.tensor(masks[place])[None], 3)
        assert case.by_class == pytest.approx(dict(zip(CLASSES[1:], alone[1:], strict=True)))
        assert case.dice == pytest.approx(sum(alone[1:]) / 2)


def test_a_class_that_is_nowhere_does_not_count() -> None:
    (worse,), (mask,) = noisy([3])
    empty, one = np.zeros((6, 6), int), np.where(mask == 1, 1, 0)
    shown = found([worse, empty, one], [mask, empty, one])
    assert shown.among == 2  # with nothing to find and nothing found, a picture is no best case
    assert [(case.rank, case.number) for case in shown.shown] == [("best", 3), ("worst", 1)]
    assert shown.shown[0].by_class == {"grey": 1.0}


def test_equal_scores_are_in_the_order_of_the_data_and_one_picture_is_shown_once() -> None:
    shown = found(*noisy([2, 2, 2, 2]))
    assert [(case.rank, case.number) for case in shown.shown] == [("best", 1), ("median", 2), ("worst", 4)]
    assert [case.rank for case in found(*noisy([5])).shown] == ["best"]
    empty = np.zeros((6, 6), int)
    assert found([empty], [empty]).shown == ()


def test_each_wrong_pixel_has_the_colour_of_its_error() -> None:
    mask, predicted = np.array([[0, 1, 2, 0, 1]]), np.array([[0, 1, 0, 2, 2]])
    assert errors(mask, predicted, True).tolist() == [[-1, -1, 0, 1, 2]]
    assert errors(mask, predicted, False).tolist() == [[-1, -1, 2, 2, 2]]
    shown = found(*noisy([3]))
    drawn = overlay(shown.shown[0], True)
    wrong = shown.shown[0].mask != shown.shown[0].predicted
    missed = tuple(int(ERRORS["missed"][at : at + 2], 16) / 255 for at in (1, 3, 5))
    assert np.allclose(drawn[wrong], missed)
    assert (np.ptp(drawn[~wrong], axis=-1) == 0).all()


def test_a_figure_shows_every_case_and_is_the_same_to_the_byte() -> None:
    several, one = found(*noisy([4, 1, 9])), found(*noisy([4]))
    assert draw_cases(several) == draw_cases(several)
    (w, h), (_, lower) = (Image.open(io.BytesIO(draw_cases(drawn))).size for drawn in (several, one))
    assert h > 2 * lower and w < 900


def test_names_of_classes_are_not_marks() -> None:
    shown = Cases(found(*noisy([4, 1, 9])).shown, 3, ("_rest", "$a$", "b" * 40), True)
    assert draw_cases(shown).startswith(b"\x89PNG")


def test_without_a_background_every_class_counts() -> None:
    shown = found(*noisy([4, 1, 9]), background=False)
    assert list(shown.shown[0].by_class) == list(CLASSES)
    assert shown.shown[0].dice == pytest.approx(np.mean(list(shown.shown[0].by_class.values())))
    text, _ = pages.cases_part("scans", shown, WINNER)
    assert "mean over the classes in its mask" in text and "Errors: another class, one class predicted" in text
    assert "missed" not in text
    assert draw_cases(shown) != draw_cases(found(*noisy([4, 1, 9])))


def test_the_page_names_each_case_with_its_classes() -> None:
    text, picture = pages.cases_part("scans", found(*noisy([4, 1, 9])), WINNER)
    assert "the best, the median and the worst Dice by unet under adam, seed 1: best, picture 2, 0.9" in text
    assert "; worst, picture 3, " in text and "(grey 0.400, white 1.000)" in text
    assert "3 pictures have such a class." in text and "one class predicted as another" in text
    assert picture.endswith("(figures/cases-scans.png)") and picture.startswith("![Pictures of scans with the best")
    empty = np.zeros((6, 6), int)
    (said,) = pages.cases_part("scans", found([empty], [empty]), WINNER)
    assert "no best or worst case" in said.replace("there is ", "")
