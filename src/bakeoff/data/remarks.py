"""Assumptions of a reader about its files, printed once for each kind."""


class Remarks:
    """Collects what was assumed, and where."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, None]] = {}

    def add(self, what: str, place: str = "") -> None:
        """Note an assumption about a file; the same words about many files make one line."""
        self._places.setdefault(what, {})[place] = None

    def lines(self) -> list[str]:
        """Return one line for each assumption: the first place, the number of others, and what was assumed."""
        made = []
        for what, places in self._places.items():
            first = next(iter(places))
            more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
            made.append(f"{first}{more}: {what}" if first else what)
        return made
