"""Objectives for a batch that shares its noise words, each with its source and formula.

N examples, S noise words, V words. Scores are products of an example's hidden vector with output vectors.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from bakeoff.embedding.settings import ObjectiveName


@dataclass(frozen=True)
class Scores:
    """The scores of a batch of examples and of noise words.

    Attributes:
        near, near_noise: (N,) the score of the true word, and the log of the probability q that noise is this word.
        far, far_noise: (N, S) and (S,) the same of the noise words.
        hit: (N, S) whether the noise word is the example's true word.
        negatives: k, how many noise words weigh against one true word.
    """

    near: Tensor
    near_noise: Tensor
    far: Tensor
    far_noise: Tensor
    hit: Tensor
    negatives: int


@dataclass(frozen=True)
class ObjectiveSpec:
    rule: str
    source: str
    departs: str
    loss: Callable[[Scores], Tensor]  # the mean over the examples


def negative_sampling(scores: Scores) -> Tensor:
    return -(F.logsigmoid(scores.near) + scores.negatives * F.logsigmoid(-scores.far).mean(1)).mean()


def nce(scores: Scores) -> Tensor:
    k = torch.tensor(float(scores.negatives)).log().item()
    near, far = scores.near - k - scores.near_noise, scores.far - k - scores.far_noise
    return -(F.logsigmoid(near) + scores.negatives * F.logsigmoid(-far).mean(1)).mean()


def sampled_softmax(scores: Scores) -> Tensor:
    near = scores.near - scores.near_noise
    far = (scores.far - scores.far_noise).masked_fill(scores.hit, -torch.inf)
    return (torch.cat([near[:, None], far], dim=1).logsumexp(1) - near).mean()


OBJECTIVES: dict[ObjectiveName, ObjectiveSpec] = {
    "negative_sampling": ObjectiveSpec(
        rule="- log s(u_t . h) - k mean_w log s(- u_w . h)",
        source="Mikolov, Sutskever, Chen, Corrado & Dean 2013, arXiv:1310.4546, equation 4",
        departs="a batch's mean over w in place of k draws for each example; the true word among them is noise too",
        loss=negative_sampling,
    ),
    "nce": ObjectiveSpec(
        rule="- log s(u_t . h - log k q_t) - k mean_w log s(- (u_w . h - log k q_w))",
        source="Gutmann & Hyvaerinen 2010, AISTATS; for words Mnih & Teh 2012, arXiv:1206.6426",
        departs="no bias of a word; a batch's mean over w in place of k draws for each example",
        loss=nce,
    ),
    "sampled_softmax": ObjectiveSpec(
        rule="- log softmax of u . h - log q over the true word and the noise words, at the true word",
        source="Jean, Cho, Memisevic & Bengio 2015, arXiv:1412.2007, section 3; TensorFlow's sampled_softmax_loss",
        departs="no bias of a word; a batch shares the noise, drawn with repetition, less the true word",
        loss=sampled_softmax,
    ),
}
