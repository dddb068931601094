"""A compiled table of distinct words: open addressing with linear probing, the words' bytes end to end in an arena.

A short word is its own key, and found without a look into the arena: most words of a text cost one line of the cache.

N words in a table that has room for M of them in S slots (a power of two) and B bytes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Numbers = NDArray[np.int32]
Slots = NDArray[np.uint64]  # (S, 2): a word's key and its number, counted from 1; 0 where the slot is free

SPACE = ord(" ")
SHORT = 7  # bytes of a word that fit into a key, behind their number
LONG = np.uint64(0xFF << 56)  # begins the key of a longer word, which is a hash of it
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
        self._slots: Slots = np.zeros((1 << 10, 2), np.uint64)
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
        keys, numbers = self._slots[self._slots[:, 1] > 0].T
        tags = np.empty(self.size, np.int32)
        tags[numbers.astype(np.int64) - 1] = spread(keys)
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
            slots = np.zeros((1 << (2 * most).bit_length(), 2), np.uint64)
            move(self._slots, slots)
            self._slots = slots


@njit(cache=True)
def move(old: Slots, new: Slots) -> None:
    for key, number in old:
        if number:
            at = np.int64(spread(key)) & (len(new) - 1)
            while new[at, 1]:
                at = (at + 1) & (len(new) - 1)
            new[at, 0], new[at, 1] = key, number


@njit(cache=True)
def gather(text: Bytes, bounds: Integers, order: Integers, gathered: Bytes) -> None:
    end = 0
    for number in order:
        for at in range(bounds[number], bounds[number + 1]):
            gathered[end] = text[at]
            end += 1


@njit(cache=True)
def spread(key: Any) -> Any:
    """31 bits of a key, or of each of an array of keys, by which it is placed."""
    return ((key ^ (key >> np.uint64(29))) * MIX) >> np.uint64(33)


@njit(cache=True)
def key_of(text: Bytes, start: int, end: int) -> np.uint64:
    """The word text[start:end] itself with its length, or LONG and a hash."""
    if end - start <= SHORT:
        key = np.uint64(end - start) << np.uint64(56)
        for at in range(start, end):
            key |= np.uint64(text[at]) << np.uint64(8 * (at - start))
        return key
    state = np.uint64(0)
    for at in range(start, end):
        state = (state ^ np.uint64(text[at])) * PRIME
    return state | LONG


@njit(cache=True)
def find(text: Bytes, start: int, end: int, key: np.uint64, slots: Slots, bounds: Integers, known: Bytes) -> np.int64:
    """The slot of the word text[start:end], or the free one that it would take."""
    mask = len(slots) - 1
    at = np.int64(spread(key)) & mask
    while slots[at, 1]:
        if slots[at, 0] == key:
            if key < LONG:
                return at
            number = np.int64(slots[at, 1]) - 1
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
    slots: Slots,
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
        start = at
        while text[at] != SPACE:
            at += 1
        key = key_of(text, start, at)
        slot = find(text, start, at, key, slots, bounds, known)
        if not slots[slot, 1]:
            if at - start > longest or size == len(counts) or bounds[size] + at - start > len(known):
                return start, size, written
            learn(text, start, at, bounds, known, size)
            size += 1
            slots[slot, 0], slots[slot, 1] = key, size
        number = np.int64(slots[slot, 1]) - 1
        counts[number] += 1
        numbers[written] = number
        written += 1
    return at, size, written


@njit(cache=True)
def add(
    text: Bytes,
    starts: Integers,
    weights: Integers,
    slots: Slots,
    bounds: Integers,
    counts: Integers,
    known: Bytes,
    size: int,
) -> int:
    """N, once the words are in the table."""
    for word in range(len(weights)):
        start, end = starts[word], starts[word + 1]
        key = key_of(text, start, end)
        slot = find(text, start, end, key, slots, bounds, known)
        if not slots[slot, 1]:
            learn(text, start, end, bounds, known, size)
            size += 1
            slots[slot, 0], slots[slot, 1] = key, size
        counts[np.int64(slots[slot, 1]) - 1] += weights[word]
    return size


@njit(cache=True)
def look_up(text: Bytes, starts: Integers, slots: Slots, bounds: Integers, known: Bytes, numbers: Numbers) -> None:
    for word in range(len(numbers)):
        start, end = starts[word], starts[word + 1]
        slot = find(text, start, end, key_of(text, start, end), slots, bounds, known)
        numbers[word] = np.int64(slots[slot, 1]) - 1
