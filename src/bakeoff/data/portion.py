"""Which part of a source `take` leaves: in the same words for the line that a stage prints, the card and the report."""

from typing import Literal


def portion(
    take: int, unit: Literal["rows", "words", "images", "files"], whole: int | None = None, *, drawn: bool = False
) -> str:
    """Return `the first 2,000 of 336,776 rows`; images are drawn from each class, rows and words are the first ones.

    Args:
        whole: of the source, where it is counted.
        drawn: whether files are drawn at random.
    """
    amount = f"{take:,} {unit}" if whole is None else f"{take:,} of {whole:,} {unit}"
    if unit == "images":
        return f"{amount}, each class by its share"
    return f"{amount}, drawn at random" if drawn else f"the first {amount}"


def check_rest(validation: float | str, test: float | str) -> None:
    """Check that two shares leave a part to train on; numbers and parts set aside by the source are not checked.

    Raises:
        ValueError: they do not.
    """
    if isinstance(validation, float) and isinstance(test, float) and validation + test >= 1:
        raise ValueError(f"validation + test is {validation + test:g}, and should be below 1")
