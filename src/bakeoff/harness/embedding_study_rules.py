"""Rules for the studies of word vectors in the section `tuning`, as far as params.yaml alone decides them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput, hint
from bakeoff.harness.study_rules import (
    at,
    corners,
    of_grid,
    of_halving,
    of_names,
    of_price,
    of_space,
    of_target,
    of_window,
)
from bakeoff.tuning.dotted import Unknown
from bakeoff.tuning.embedding_base import OWN, EmbeddingBase
from bakeoff.tuning.embedding_settings import EmbeddingStudySettings
from bakeoff.tuning.space import Space

if TYPE_CHECKING:
    from bakeoff.harness.params import Params

SAMPLER = "word2vec"
# They decide from which words a held-out word is predicted, and against which noise: another loss, not a better one.
MEASURING = ("window", "negatives", "noise_exponent", "round")


def embedding_studies(params: "Params") -> Iterator[str]:
    """Yield what is wrong with the studies of word vectors."""
    for name, study in params.tuning.studies.items():
        if not isinstance(study, EmbeddingStudySettings):
            continue
        place = f"tuning.studies.{name}"
        faults = list(of_subject(params, study)) or [
            *of_method(study),
            *of_target(study),
            *own(study),
            *of_names(study),
            *of_window(study),
        ]
        if faults:
            yield from (f"{place}.{fault}" for fault in faults)
            continue
        try:
            base = EmbeddingBase.read(name, study, params.embedding.word2vec)
        except BadInput as error:
            yield str(error).removeprefix("params.yaml: ")
            continue
        faults = [*of_halving(params, study), *of_price(params, study), *of_space(base, study), *comparable(study)]
        if faults:
            yield from (f"{place}.{fault}" for fault in faults)
            continue
        space = base.space(study)
        if fault := next(at_corners(base, space), None):
            yield fault
        elif "grid" in study.methods:
            yield from of_grid(params, name, study, space)


def of_subject(params: "Params", study: EmbeddingStudySettings) -> Iterator[str]:
    texts = [name for name, data in params.data.items() if data.kind == "corpus"]
    if study.corpus not in params.data:
        yield f"corpus is {quoted(study.corpus)}, which is not under data{hint(study.corpus, texts)}"
    elif study.corpus not in texts:
        kind = params.data[study.corpus].kind
        yield (
            f"corpus is '{study.corpus}', which has the kind {kind}, and word vectors are trained on a corpus"
            f"{hint(study.corpus, texts)}"
        )
    if params.embedding.sampler != SAMPLER:
        yield (
            f"corpus: word vectors are tuned with the sampler {SAMPLER}, and embedding.sampler is "
            f"'{params.embedding.sampler}'; write sampler: {SAMPLER}, or remove the study"
        )


def of_method(study: EmbeddingStudySettings) -> Iterator[str]:
    if "gradient" in study.methods:
        yield "methods has gradient, which differentiates the loss of a network, not of word vectors; take it off"


def own(study: EmbeddingStudySettings) -> Iterator[str]:
    """Yield settings that a study has under another key, or not at all."""
    instead = {
        "epochs": "a study has its epochs under `epochs`; remove it here",
        "seed": "a study has its seed under `seed`; remove it here",
        "gpu": "the trainings of a study run on the processor's cores; remove it",
    }
    for part in ("fixed", "space"):
        for name in getattr(study, part):
            section, _, key = name.partition(".")
            if section == "embedding" and (key := key.partition(".")[0]) in OWN:
                yield f"{part}.{name}: {instead[key]}"


def comparable(study: EmbeddingStudySettings) -> Iterator[str]:
    """Yield what makes the objective of two points two different measures."""
    if "embedding.validation" in study.space:
        yield (
            "space.embedding.validation: it decides which text is held out, so that no two trials could be compared; "
            "move it to fixed"
        )
    if study.objective != "loss":
        return
    for name in study.space:
        if name.removeprefix("embedding.") in MEASURING:
            yield (
                f"space.{name}: it changes how the loss on the held-out text is measured, so that trials could not be "
                "compared; take the objective wordsim, simlex or analogies, or move it to fixed"
            )


def at_corners(base: EmbeddingBase, space: Space) -> Iterator[str]:
    """Yield what the class of the settings refuses at the corners of the space."""
    for point in [{}, *corners(space)]:
        try:
            base.at(point)
        except (BadInput, Unknown) as error:
            yield f"{str(error).removeprefix('params.yaml: ')}; {at(point)}"
