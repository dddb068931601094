"""The roles of runs, by their names in records, in the report and in MLflow."""

from enum import StrEnum


class Role(StrEnum):
    """The role of a run.

    Attributes:
        SEARCH: a whole hyperparameter search, which has its trials and reruns below it.
        TRIAL: one point of the search space, trained once.
        RERUN: one of the best trials, trained again from another seed.
        FINAL: the hyperparameters that the search picked, from a fresh seed: these runs are compared.
        DEFAULT: the default hyperparameters, from a fresh seed.
        STUDY: all of one tuner's trials.
        CONFIRMATION: the best trial of a study, trained again from another seed.
        TRAINING: a run that belongs to no search.
        BASELINE: a classifier that is not a network.
    """

    SEARCH = "search"
    TRIAL = "trial"
    RERUN = "rerun"
    FINAL = "final"
    DEFAULT = "default"
    STUDY = "study"
    CONFIRMATION = "confirmation"
    TRAINING = "training"
    BASELINE = "baseline"


SEARCHED = (Role.TRIAL, Role.RERUN)  # they read no test data
TRAININGS = (*SEARCHED, Role.FINAL, Role.DEFAULT)  # of a cell
