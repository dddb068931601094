"""Records and a comparison of a contest that nobody held."""

from simulated_contest import comparison, curves_csv, records

__all__ = ["comparison", "curves_csv", "records"]
