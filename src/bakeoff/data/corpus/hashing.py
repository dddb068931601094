"""A compiled table of distinct words: open addressing with linear probing, the words' bytes end to end in an arena.

A short word is its own key, cut out of the text in one piece, found without a look into the arena, and counted where
it is found: most words of a text cost one line of the cache.

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
Eights = NDArray[np.uint64]  # bytes of a text, eight a number, the first the lowest: so x86-64 and ARM have them
Slots = NDArray[
    np.uint64
]  # (S, 2): a word's key; its number, counted from 1, below its count. 0 where the slot is free

SPACE = ord(" ")
SHORT = 7  # bytes of a word that fit into a key, behind their number
LONG = np.uint64(0xFF << 56)  # begins the key of a longer word, which is a hash of it
# FNV-1a's prime, and an odd number that carries low bits up; no result depends on how words are hashed. Unsigned, for
# numba lets signed numbers overflow into whatever suits the compiler.
PRIME = np.uint64(1099511628211)
MIX = np.uint64(0x9E3779B97F4A7C15)

NUMBER = np.uint64(0xFFFF_FFFF)  # bits of a slot that are a word's number
ONCE = np.uint64(1 << 32)  # what one more of a word adds to a slot
MOST = 1 << 32  # counts go from the slots to an array of their own before one could reach this

# Of eight bytes at once, with arithmetic that wraps.
EACH = np.uint64(0x0101_0101_0101_0101)
TOP = np.uint64(0x8080_8080_8080_8080)
SPACES = np.uint64(0x2020_2020_2020_2020)
INDEX = np.uint64(0x0001_0203_0405_0607)  # times 256^n: n in the highest byte
ONE, BYTE, LAST_BIT, LENGTH = (np.uint64(bits) for bits in (1, 7, 63, 56))


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
        self._in_slots = 0  # words that were counted there

    @property
    def words(self) -> Words:
        self._settle()
        size = self.size
        return Words(self._text[: self._bounds[size]], self._bounds[: size + 1], self._counts[:size])

    @property
    def tags(self) -> Numbers:
        """(N,) 31 bits of hash of each word."""
        keys, held = self._slots[self._slots[:, 1] > 0].T
        tags = np.empty(self.size, np.int32)
        tags[(held & NUMBER).astype(np.int64) - 1] = spread(keys)
        return tags

    def count(self, text: Bytes, at: int, longest: int, numbers: Numbers) -> tuple[int, int]:
        """Counts the words of text[at:], which ends with a space, and writes their numbers.

        Returns: where it stopped, at the end, or before a word that is too long or that the table has no room for; and
        how many numbers it wrote.
        """
        if self._in_slots + len(text) >= MOST:
            self._settle()
        self._in_slots += len(text)
        eights, written = text[: len(text) // 8 * 8].view(np.uint64), 0
        while True:
            at, self.size, more = count(
                text,
                eights,
                at,
                longest,
                self._slots,
                self._bounds,
                self._counts,
                self._text,
                self.size,
                numbers[written:],
            )
            written += more
            if self.size < self._most or self.size == len(self._counts):
                return at, written
            self._grow(len(self._slots) * 2)

    def add(self, words: Words) -> None:
        """Adds the counts of words, for which there is room."""
        self._grow(1 << (2 * (self.size + len(words))).bit_length())
        self.size = add(
            words.text, words.bounds, words.counts, self._slots, self._bounds, self._counts, self._text, self.size
        )

    def numbers(self, words: Words) -> Numbers:
        """(N,) of words; -1 for those that are not in the table."""
        found = np.empty(len(words), np.int32)
        look_up(words.text, words.bounds, self._slots, self._bounds, self._text, found)
        return found

    @property
    def _most(self) -> int:
        """Words for which there are slots, of which half stay free."""
        return len(self._slots) // 2

    def _grow(self, slots: int) -> None:
        if slots > len(self._slots):
            grown = np.zeros((slots, 2), np.uint64)
            move(self._slots, grown)
            self._slots = grown

    def _settle(self) -> None:
        """Takes the counts out of the slots."""
        settle(self._slots, self._counts)
        self._in_slots = 0


@njit(cache=True)
def move(old: Slots, new: Slots) -> None:
    for key, held in old:
        if held:
            at = np.int64(spread(key)) & (len(new) - 1)
            while new[at, 1]:
                at = (at + 1) & (len(new) - 1)
            new[at, 0], new[at, 1] = key, held


@njit(cache=True)
def settle(slots: Slots, counts: Integers) -> None:
    for at in range(len(slots)):
        if slots[at, 1] >= ONCE:
            counts[number(slots[at, 1])] += np.int64(slots[at, 1] >> np.uint64(32))
            slots[at, 1] &= NUMBER


@njit(cache=True)
def number(held: np.uint64) -> np.int64:
    """The number of the word of a slot, counted from 0; -1 of a free slot."""
    return np.int64(held & NUMBER) - 1


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
def key_at(eights: Eights, at: int) -> np.uint64:
    """The key of a short word that begins at a byte, without a loop: 0 at a space; LONG if no space is near.

    Source: Mycroft 1987, in comp.arch (Knuth, The Art of Computer Programming 4A, 7.1.3): which of eight bytes is the
    first to be zero; here, to be a space.
    """
    place, shift = at >> 3, np.uint64((at & 7) << 3)
    if place + 1 >= len(eights):
        return LONG
    # A shift by 64 is not defined: hence one, and then the rest.
    ahead = (eights[place] >> shift) | ((eights[place + 1] << ONE) << (LAST_BIT - shift))
    differs = ahead ^ SPACES
    found = (differs - EACH) & ~differs & TOP
    if not found:
        return LONG
    first = (found & (~found + ONE)) >> BYTE  # 256^n for a space behind n bytes
    key: np.uint64 = (ahead & (first - ONE)) | ((first * INDEX) >> LENGTH << LENGTH)
    return key


@njit(cache=True)
def find(text: Bytes, start: int, end: int, key: np.uint64, slots: Slots, bounds: Integers, known: Bytes) -> np.int64:
    """The slot of the word text[start:end], or the free one that it would take."""
    mask = len(slots) - 1
    at = np.int64(spread(key)) & mask
    while slots[at, 1]:
        if slots[at, 0] == key:
            if key < LONG:
                return at
            word = number(slots[at, 1])
            first = bounds[word]
            if bounds[word + 1] - first == end - start:
                same = 0
                while same < end - start and known[first + same] == text[start + same]:
                    same += 1
                if same == end - start:
                    return at
        at = (at + 1) & mask
    return at


@njit(cache=True)
def learn(text: Bytes, start: int, end: int, bounds: Integers, known: Bytes, word: int) -> None:
    first = bounds[word]
    for offset in range(end - start):
        known[first + offset] = text[start + offset]
    bounds[word + 1] = first + end - start


@njit(cache=True)
def count(
    text: Bytes,
    eights: Eights,
    at: int,
    longest: int,
    slots: Slots,
    bounds: Integers,
    counts: Integers,
    known: Bytes,
    size: int,
    numbers: Numbers,
) -> tuple[int, int, int]:
    """Return the place where it stopped (also where slots are scarce), and the count of numbers; see `Table.count`."""
    written = 0
    while at < len(text):
        start = at
        key = key_at(eights, at)
        if key < LONG:
            at += np.int64(key >> LENGTH)  # type: ignore[assignment]
        else:
            while text[at] != SPACE:
                at += 1
            key = key_of(text, start, at)
        if at > start:
            slot = find(text, start, at, key, slots, bounds, known)
            if not slots[slot, 1]:
                full = size == len(counts) or bounds[size] + at - start > len(known)
                if at - start > longest or full or size >= len(slots) // 2:
                    return start, size, written
                learn(text, start, at, bounds, known, size)
                size += 1
                slots[slot, 0], slots[slot, 1] = key, size
            slots[slot, 1] += ONCE
            numbers[written] = number(slots[slot, 1])
            written += 1
        at += 1
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
        counts[number(slots[slot, 1])] += weights[word]
    return size


@njit(cache=True)
def look_up(text: Bytes, starts: Integers, slots: Slots, bounds: Integers, known: Bytes, numbers: Numbers) -> None:
    for word in range(len(numbers)):
        start, end = starts[word], starts[word + 1]
        slot = find(text, start, end, key_of(text, start, end), slots, bounds, known)
        numbers[word] = number(slots[slot, 1])
