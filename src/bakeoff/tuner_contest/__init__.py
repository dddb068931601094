"""The contest of the methods of search: each searches problems with a known minimum, from many seeds."""
