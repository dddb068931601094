"""Two vectors for each word. V words, D dimensions, N examples, C inputs of an example."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Embedding(nn.Module):
    """A word's vector as an input, which is its embedding, and its vector as an output, which predicts it.

    Inputs are drawn uniformly from [-1 / 2D, 1 / 2D], outputs start at 0, as in Mikolov's program word2vec.
    """

    def __init__(self, words: int, dimension: int, generator: torch.Generator) -> None:
        super().__init__()
        self.input = nn.Parameter((torch.rand(words, dimension, generator=generator) - 0.5) / dimension)  # (V, D)
        self.output = nn.Parameter(torch.zeros(words, dimension))  # (V, D)

    def forward(self, inputs: Tensor) -> Tensor:
        """The mean (N, D) of the input vectors of words (N, C)."""
        return F.embedding(inputs, self.input).mean(1)
