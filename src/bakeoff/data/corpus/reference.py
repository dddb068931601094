"""Plain reference implementations of this folder's fast code, for tests and benchmarks."""

import re
import unicodedata
from collections import Counter

import numpy as np

from bakeoff.data.corpus.corpus import UNKNOWN, Corpus
from bakeoff.data.corpus.settings import Tokens
from bakeoff.data.corpus.tokens import DIGITS, JOINERS


def words(tokens: Tokens, text: str) -> list[str]:
    if tokens == "spaces":
        return text.split()
    if tokens == "text8":
        for digit, word in enumerate(DIGITS):
            text = text.replace(str(digit), f" {word} ")
        return re.findall("[a-z]+", re.sub("[A-Z]+", lambda capitals: capitals[0].lower(), text))
    text = re.sub(f"[{JOINERS}]", "", unicodedata.normalize("NFC", text))
    kept = (c.lower()[:1] if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    return "".join(kept).split()


def index(words: list[str], vocabulary_size: int, minimum_count: int) -> Corpus:
    counts = Counter(words)
    counts.pop(UNKNOWN, None)
    frequent = sorted((-count, word) for word, count in counts.items() if count >= minimum_count)
    vocabulary = (UNKNOWN, *(word for _, word in frequent[: vocabulary_size - 1]))
    ids = {word: n for n, word in enumerate(vocabulary)}
    text = np.array([ids.get(word, 0) for word in words], np.int32)
    return Corpus(text, vocabulary, np.bincount(text, minlength=len(vocabulary)))
