"""Rules for the keys of studies that exclude each other; they are checked before the settings classes."""

from collections.abc import Iterator, Mapping
from typing import Any

from bakeoff.tuning.embedding_settings import EmbeddingStudySettings
from bakeoff.tuning.settings import StudySettings

OF_NETWORKS = [key for key in StudySettings.model_fields if key not in EmbeddingStudySettings.model_fields]
OF_WORDS = [key for key in EmbeddingStudySettings.model_fields if key not in StudySettings.model_fields]


def mixed(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the studies of the whole of params.yaml that have keys of two kinds of study, or of two evaluations.

    A study with both task and corpus is left to its class.
    """
    tuning = document.get("tuning")
    studies = tuning.get("studies") if isinstance(tuning, Mapping) else None
    for name, study in studies.items() if isinstance(studies, Mapping) else ():
        if isinstance(study, Mapping):
            yield from (f"tuning.studies.{name}{fault}" for fault in of_keys(study))


def of_keys(study: Mapping[str, Any]) -> Iterator[str]:
    words = "corpus" in study
    if not (words and "task" in study):
        other = [key for key in (OF_NETWORKS if words else OF_WORDS) if key in study]
        it = "it" if len(other) == 1 else "them"
        if other and words:
            yield f" has corpus, and {', '.join(other)} of a study of networks; remove {it}"
        elif other:
            yield f" has {', '.join(other)} of a study of word vectors, and no corpus; remove {it}, or add corpus"
    evaluation = study.get("evaluation")
    if not isinstance(evaluation, Mapping) or "folds" not in evaluation:
        return
    if "seeds" in evaluation:
        yield ".evaluation has both seeds and folds, and a trial is measured by one of them; remove one"
    elif words:
        yield ".evaluation has folds, and word vectors are tuned by seeds alone; take {seeds: 3}"
