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
