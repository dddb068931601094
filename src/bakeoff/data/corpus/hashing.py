"""A compiled table of distinct words: open addressing with linear probing, the words' bytes end to end in an arena.

N words in a table that has room for M of them in S slots (a power of two) and B bytes.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Numbers = NDArray[np.int32]

SPACE = ord(" ")
LOW = (1 << 32) - 1
# FNV-1a's prime, and an odd number that carries low bits up; no result depends on how words are hashed. Unsigned, for
# numba lets signed numbers overflow into whatever suits the compiler.
PRIME = np.uint64(1099511628211)
MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Words:
    """A list of N words.

    Attributes:
        text: (B,) their bytes, in UTF-8.
        bounds: (N + 1,) where in `text` each begins, and where the last ends.
        counts: (N,) how often each was seen.
    """

    text: Bytes
    bounds: Integers
    counts: Integers

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, number: int) -> bytes:
        return self.text[self.bounds[number] : self.bounds[number + 1]].tobytes()

    def taken(self, order: Integers) -> "Words":
        """The words in another order."""
        bounds = np.concatenate(([0], np.cumsum(np.diff(self.bounds)[order])))
        text = np.empty(len(self.text), np.uint8)
        gather(self.text, self.bounds, order, text)
        return Words(text, bounds, self.counts[order])


class Table:
    """Words, numbered in the order of first sight, with their counts."""

    def __init__(self, words: int, size: int) -> None:
        """An empty table with room for so many words of so many bytes; the system lends memory as it is first used."""
        self.size = 0
        self._slots = np.zeros(1 << 10, np.int64)  # 0, or tag << 32 | number + 1, searched from slot tag % S on
        self._bounds = np.zeros(words + 1, np.int64)
        self._counts = np.zeros(words, np.int64)
        self._text = np.empty(size, np.uint8)

    @property
    def words(self) -> Words:
        size = self.size
        return Words(self._text[: self._bounds[size]], self._bounds[: size + 1], self._counts[:size])

    @property
    def tags(self) -> Numbers:
        """(N,) 31 bits of hash of each word."""
        slots = self._slots[self._slots > 0]
        tags = np.empty(self.size, np.int32)
        tags[(slots & LOW) - 1] = slots >> 32
        return tags

    def count(self, text: Bytes, at: int, longest: int, numbers: Numbers) -> tuple[int, int]:
        """Counts the words of text[at:], which ends with a space, and writes their numbers.

        Returns: where it stopped, at the end, or before a word that is too long or that the table has no room for; and
        how many numbers it wrote.
        """
        self._make_room(len(text) // 2)
        at, self.size, written = count(
            text, at, longest, self._slots, self._bounds, self._counts, self._text, self.size, numbers
        )
        return at, written

    def add(self, words: Words) -> None:
        """Adds the counts of words, for which there is room."""
        self._make_room(len(words))
        self.size = add(
            words.text, words.bounds, words.counts, self._slots, self._bounds, self._counts, self._text, self.size
        )

    def numbers(self, words: Words) -> Numbers:
        """(N,) of words; -1 for those that are not in the table."""
        found = np.empty(len(words), np.int32)
        look_up(words.text, words.bounds, self._slots, self._bounds, self._text, found)
        return found

    def _make_room(self, words: int) -> None:
        """Grows the slots, of which at least half are free."""
        most = min(self.size + words, len(self._counts))
        if 2 * most >= len(self._slots):
            slots = np.zeros(1 << (2 * most).bit_length(), np.int64)
            move(self._slots, slots)
            self._slots = slots


@njit(cache=True)
def move(old: Integers, new: Integers) -> None:
    for slot in old:
        if slot:
            at = (slot >> 32) & (len(new) - 1)
            while new[at]:
                at = (at + 1) & (len(new) - 1)
            new[at] = slot


@njit(cache=True)
def gather(text: Bytes, bounds: Integers, order: Integers, gathered: Bytes) -> None:
    end = 0
    for number in order:
        for at in range(bounds[number], bounds[number + 1]):
            gathered[end] = text[at]
            end += 1


@njit(cache=True)
def tag_of(state: np.uint64) -> np.int64:
    return np.int64(((state ^ (state >> np.uint64(29))) * MIX) >> np.uint64(33))


@njit(cache=True)
def tag(text: Bytes, start: int, end: int) -> np.int64:
    state = np.uint64(0)
    for at in range(start, end):
        state = (state ^ np.uint64(text[at])) * PRIME
    return tag_of(state)


@njit(cache=True)
def find(text: Bytes, start: int, end: int, tag: np.int64, slots: Integers, bounds: Integers, known: Bytes) -> np.int64:
    """The slot of the word text[start:end], or the free one that it would take."""
    mask = len(slots) - 1
    at = tag & mask
    while slots[at]:
        if slots[at] >> 32 == tag:
            number = (slots[at] & LOW) - 1
            first = bounds[number]
            if bounds[number + 1] - first == end - start:
                same = 0
                while same < end - start and known[first + same] == text[start + same]:
                    same += 1
                if same == end - start:
                    return at
        at = (at + 1) & mask
    return at


@njit(cache=True)
def learn(text: Bytes, start: int, end: int, bounds: Integers, known: Bytes, number: int) -> None:
    first = bounds[number]
    for offset in range(end - start):
        known[first + offset] = text[start + offset]
    bounds[number + 1] = first + end - start


@njit(cache=True)
def count(
    text: Bytes,
    at: int,
    longest: int,
    slots: Integers,
    bounds: Integers,
    counts: Integers,
    known: Bytes,
    size: int,
    numbers: Numbers,
) -> tuple[int, int, int]:
    """Where it stopped, N, and how many numbers it wrote; see `Table.count`."""
    written = 0
    while at < len(text):
        if text[at] == SPACE:
            at += 1
            continue
        start, state = at, np.uint64(0)
        while text[at] != SPACE:
            state = (state ^ np.uint64(text[at])) * PRIME
            at += 1
        hashed = tag_of(state)
        slot = find(text, start, at, hashed, slots, bounds, known)
        if not slots[slot]:
            if at - start > longest or size == len(counts) or bounds[size] + at - start > len(known):
                return start, size, written
            learn(text, start, at, bounds, known, size)
            size += 1
            slots[slot] = (hashed << 32) | size
        number = (slots[slot] & LOW) - 1
        counts[number] += 1
        numbers[written] = number
        written += 1
    return at, size, written


@njit(cache=True)
def add(
    text: Bytes,
    starts: Integers,
    weights: Integers,
    slots: Integers,
    bounds: Integers,
    counts: Integers,
    known: Bytes,
    size: int,
) -> int:
    """N, once the words are in the table."""
    for word in range(len(weights)):
        start, end = starts[word], starts[word + 1]
        hashed = tag(text, start, end)
        slot = find(text, start, end, hashed, slots, bounds, known)
        if not slots[slot]:
            learn(text, start, end, bounds, known, size)
            size += 1
            slots[slot] = (hashed << 32) | size
        counts[(slots[slot] & LOW) - 1] += weights[word]
    return size


@njit(cache=True)
def look_up(text: Bytes, starts: Integers, slots: Integers, bounds: Integers, known: Bytes, numbers: Numbers) -> None:
    for word in range(len(numbers)):
        start, end = starts[word], starts[word + 1]
        slot = find(text, start, end, tag(text, start, end), slots, bounds, known)
        numbers[word] = (slots[slot] & LOW) - 1
