"""Which part of a source `take` leaves: in the same words for the line that a stage prints, the card and the report."""

from typing import Literal


def portion(take: int, unit: Literal["rows", "words", "images"], whole: int | None = None) -> str:
    """Return `the first 2,000 of 336,776 rows`; images are drawn, rows and words are the first ones.

    Args:
        whole: of the source, where it is counted.
    """
    amount = f"{take:,} {unit}" if whole is None else f"{take:,} of {whole:,} {unit}"
    return f"{amount}, each class by its share" if unit == "images" else f"the first {amount}"
