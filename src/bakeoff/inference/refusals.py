"""Files that could not be read: each is one line, and the others are still done."""

import sys

from bakeoff.base.settings import BadInput
from bakeoff.data.names import addressed


class Refusals:
    """Prints each refusal on standard error, and counts them.

    Attributes:
        kind, data: of the data set, for messages name its settings.
    """

    def __init__(self, kind: str, data: str) -> None:
        self.kind, self.data, self.count = kind, data, 0

    def add(self, error: BadInput) -> None:
        """Print the line of one file."""
        self.count += 1
        print(f"error: {addressed(str(error), self.kind, self.data)}", file=sys.stderr)
