"""The pages of results: the report in Markdown, and the short table in README."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.data.card import AMONG, FUNCTION_WORDS, Card, CorpusCard
from bakeoff.data.encoding.report import Buckets, Encoding, Grouped
from bakeoff.data.examples import SPLITS
from bakeoff.data.sources.catalogue import SOURCES
from bakeoff.embedding.maps import MAPS
from bakeoff.report.decision import Evidence
from bakeoff.report.escaping import code, plain
from bakeoff.report.figures.cases import Case, Cases, kinds
from bakeoff.report.figures.trials import shown_trials
from bakeoff.report.formatting import (
    DASH,
    METRICS,
    cell_name,
    estimate,
    heading,
    listed,
    number,
    percent,
    picture,
    plural,
    spanned,
    table,
    taken,
)
from bakeoff.report.sections import decision, fronts
from bakeoff.report.sections.contest import contest, overall, procedure
from bakeoff.report.sections.searches import averaged, unguided
from bakeoff.results.curves import CurvePoint
from bakeoff.results.importance import LEAST, LEAST_INDEPENDENT
from bakeoff.results.model import Comparison, EmbeddingComparison, Study, TaskComparison, TuningComparison, Winner
from bakeoff.results.references import INTENSITIES
from bakeoff.results.step_costs import Costs

MARKERS = ("<!-- results -->", "<!-- /results -->")  # README's table of results is between them
ENGLISH_TESTS = (*SOURCES["word-similarity"].files, "numbers")
NOT_ENGLISH = (
    f"Tests of English words are left out, because {listed(map(code, FUNCTION_WORDS))} are not all among the {AMONG} "
    "most frequent words."
)
MEANING = {  # the kinds of errors in a picture
    "missed": "missed, a class predicted as background",
    "added": "added, background predicted as a class",
    "another class": "another class, one class predicted as another",
}
STATISTICS = ("count", "mean", "std", "min", "25%", "50%", "75%", "max")  # in the order of describe()


@dataclass(frozen=True)
class Origin:
    """The origin of a data set; title, licence and citation are empty for own data.

    Attributes:
        taken: the part of the source that was used; empty for all of it.
    """

    source: str
    title: str
    licence: str
    citation: str
    taken: str = ""


@dataclass(frozen=True)
class Exhibits:
    """The parts of the page that are not in the comparison.

    Attributes:
        origins: by the name of the data set.
        cards: of each task's data.
        searched_parts: by study, the part of its source that the trials train on; None for all of it.
        encodings: the report of encode_table, by the name of each task on a table.
        texts: the card of each corpus.
        neighbours: by corpus, architecture and word the nearest words; of architectures that did not diverge.
        costs: the time of a step, and the processor on which it was measured.
        curves: the learning curves of all cells.
        cases: the best, the median and the worst case of each task on scans that has a winner.
    """

    origins: Mapping[str, Origin]
    cards: Mapping[str, Card]
    searched_parts: Mapping[str, str | None]
    encodings: Mapping[str, Encoding]
    texts: Mapping[str, CorpusCard]
    neighbours: Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
    costs: Costs
    curves: Sequence[CurvePoint]
    cases: Mapping[str, Cases]


def results(comparison: Comparison) -> str:
    """Return the short table, with a line for each task."""
    if not comparison.tasks:
        return "No task is in the comparison.\n"
    rows = [
        [
            name,
            METRICS[task.metric],
            leading(task),
            estimate(task.leader.validation),
            estimate(task.leader.test),
            f"{len(task.tied_with)} of {len(task.cells) - 1}",
            f"{task.runs.diverged} of {task.runs.runs}",
        ]
        for name, task in comparison.tasks.items()
    ]
    header = ["task", "metric", "leader", "validation", "test", "tied", "runs diverged"]
    seeds = spanned((len(cell.seeds) for task in comparison.tasks.values() for cell in task.cells), "seed")
    text = (
        f"Mean over {seeds}, ± half of the {percent(comparison.confidence)} confidence interval. Each optimizer was "
        "tuned with the same search budget. The leader has the best mean on validation data. `tied` is the number of "
        "other cells that are statistically tied with it. Each final and default run read the test data once, after "
        "its last step."
    )
    return f"{table(header, rows)}\n\n{text}\n"


def leading(task: TaskComparison) -> str:
    """Return the leading cell, and the reference that it is no better than, if any."""
    if task.winner is None:
        return "none: all diverged"
    missed = task.leader.no_better_than
    return cell_name(task.leader) + (f" (no better than {missed})" if missed else "")


def embed(readme: str, results: str) -> str:
    """Return README with the table of results between its two markers.

    Raises:
        ValueError: the markers do not occur once each, in order.
    """
    pattern = re.compile(f"({re.escape(MARKERS[0])}).*?({re.escape(MARKERS[1])})", re.DOTALL)
    if any(readme.count(marker) != 1 for marker in MARKERS) or not pattern.search(readme):
        raise ValueError(f"README needs {MARKERS[0]} and, after it, {MARKERS[1]}, once each")
    return pattern.sub(lambda found: f"{found[1]}\n{results.strip()}\n{found[2]}", readme)


def report(comparison: Comparison, exhibits: Exhibits, *more: str) -> str:
    """Return the whole page in Markdown.

    Args:
        more: sections that other modules write.
    """
    tasks, confidence = comparison.tasks, comparison.confidence
    sections = [
        "# Results of the bake-off",
        introduction(comparison),
        *([decision.section(evidence(comparison, exhibits))] if tasks else []),
        f"## Results by task\n\n{results(comparison)}" if tasks else results(comparison),
        *([procedure(tasks, confidence), overall(comparison, exhibits.costs)] if tasks else []),
        *(task_section(name, task, exhibits, confidence) for name, task in tasks.items()),
        *(
            embedding_section(corpus, found, exhibits, alone=len(comparison.embeddings) == 1)
            for corpus, found in comparison.embeddings.items()
        ),
        *([tuning_section(comparison, exhibits.searched_parts)] if comparison.searched else []),
        *more,
        data_section(exhibits),
        REPRODUCE,
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def evidence(comparison: Comparison, exhibits: Exhibits) -> list[Evidence]:
    """Return the evidence for the recommendation on each task."""
    return [
        Evidence(
            name=name,
            task=task,
            costs=exhibits.costs,
            curve=[point for point in exhibits.curves if (point.task, point.model, point.optimizer) == of_leader],
            confidence=comparison.confidence,
        )
        for name, task in comparison.tasks.items()
        for of_leader in [(name, task.leader.model, task.leader.optimizer)]
    ]


def introduction(comparison: Comparison) -> str:
    """Return the numbers of trainings, trials and architectures."""
    parts = []
    if comparison.tasks:
        trainings = sum(task.runs.runs for task in comparison.tasks.values())
        parts.append(
            f"{plural(trainings, 'training')} on {plural(len(comparison.tasks), 'task')}: each network under each "
            "optimizer, with tuned and with default hyperparameters, from several seeds."
        )
    if comparison.searched:
        searches = [(cell.method, cell.trials) for study in comparison.tuning.values() for cell in study.cells]
        searches += [(one.method, one.trials) for study in comparison.fronts.values() for one in study.searches]
        trials, methods = sum(count for _, count in searches), plural(len({name for name, _ in searches}), "method")
        studies = f" in {len(comparison.searched)} studies" if len(comparison.searched) > 1 else ""
        parts.append(f"{plural(trials, 'trial')} of {methods} of hyperparameter search{studies}.")
    if comparison.embeddings:
        architectures = len({name for found in comparison.embeddings.values() for name in found.architectures})
        texts = f" on {len(comparison.embeddings)} texts" if len(comparison.embeddings) > 1 else ""
        parts.append(f"{plural(architectures, 'architecture')} of word vectors{texts}.")
    return " ".join(parts)


REPRODUCE = """## Reproduce

`make repro` reruns the stale stages, several at a time. `dvc repro` does the same, one stage at a time. `dvc.lock`
contains the hash of every input and output. On any x86-64 processor with AVX2 the same inputs give the same bytes,
including this page and its figures; `make verify` checks this by running everything again. `dvc plots show` draws
interactive learning curves. `make ui` opens all runs in MLflow.
"""


def task_section(name: str, task: TaskComparison, exhibits: Exhibits, confidence: float) -> str:
    """Return the section of a task, with the parts for its kind of data."""
    card = exhibits.cards[name]
    sizes = ", ".join(f"{part.examples:,} {split}" for split, part in card.parts.items())
    networks = ", ".join(f"{model} ({plural(count, 'parameter')})" for model, count in task.parameters.items())
    parts = [
        f"## {plain(name)}",
        f"{code(task.data)}{taken(card.taken)}: {sizes}. Networks: {networks}.",
        *contest(name, task, card, exhibits.costs, confidence),
    ]
    match task.kind:
        case "images":
            parts.append(picture(samples_caption(name, card), f"samples-{name}.png"))
        case "table":
            parts.append(encoding_section(name, exhibits.encodings[name]))
        case "scans":
            parts.append(baseline(task))
            if task.winner:
                caption = predictions_caption(name, card, task.winner)
                parts.append(picture(caption, f"predictions-{name}.png"))
                parts += cases_part(name, exhibits.cases[name], task.winner)
    return "\n\n".join(parts)


def samples_caption(name: str, card: Card) -> str:
    """Return the caption of the samples of a task."""
    subject = subject_of(card)
    shown = len(card.classes) if card.samples is None else len(card.samples.counts)
    classes = "each class" if shown == len(card.classes) else f"the first {plural(shown, 'class', 'classes')}"
    return (
        f"{subject}: training pictures of {classes}" if subject else f"Training pictures of {classes} of {plain(name)}"
    )


def predictions_caption(name: str, card: Card, winner: Winner) -> str:
    """Return the caption of the predictions on a task's scans."""
    subject = subject_of(card) or f"Pictures of {plain(name)}"
    return f"{subject}, their labels, and the predictions of {cell_name(winner)}"


def cases_part(name: str, cases: Cases, winner: Winner) -> list[str]:
    """Return the figure of the best, the median and the worst case of a task on scans, after its description."""
    if not cases.shown:
        return [
            "No validation picture has a class other than the background, in its mask or in its prediction, so there "
            "is no best or worst case."
        ]
    ranks = listed(f"the {case.rank}" for case in cases.shown)
    text = (
        f"Validation pictures with {ranks} Dice by {cell_name(winner)}, seed {winner.seed}: "
        f"{'; '.join(map(case_words, cases.shown))}. The Dice of a picture is the mean over the classes"
        f"{', without the background,' if cases.background else ''} in its mask or its prediction. "
        f"{plural(cases.among, 'picture has', 'pictures have')} such a class. Errors: "
        f"{'; '.join(MEANING[kind] for kind in kinds(cases))}."
    )
    alternative = (
        f"Pictures of {plain(name)} with {ranks} Dice, one per row: picture, mask, prediction, and the picture with "
        "its wrong pixels in colour"
    )
    return [text, picture(alternative, f"cases-{name}.png")]


def case_words(case: Case) -> str:
    """Return `best, picture 5, 0.95 (grey 0.94, white 0.96)`."""
    by_class = ", ".join(f"{plain(name)} {score:.3f}" for name, score in case.by_class.items())
    return f"{case.rank}, picture {case.number}, {case.dice:.3f} ({by_class})"


def subject_of(card: Card) -> str:
    """Return a description of the pictures of a data set of the catalogue; an empty text for own data."""
    return SOURCES[card.source].subject if card.source in SOURCES else ""


def data_section(exhibits: Exhibits) -> str:
    rows = [
        [
            name,
            code(origin.source + taken(origin.taken)),
            origin.title or DASH,
            origin.licence or DASH,
            origin.citation or DASH,
        ]
        for name, origin in exhibits.origins.items()
    ]
    return f"## Data\n\n{table(['', 'source', 'title', 'licence', 'citation'], rows)}"


def encoding_section(name: str, encoding: Encoding) -> str:
    """Return the statistics of the numbers before and after scaling, and the table of categories."""
    parts = [
        f"### Encoding of {plain(name)}",
        f"{plural(encoding.columns, 'column')}. The statistics are those of the training rows, as in pandas' "
        "`describe().round(2)`.",
    ]
    splits = [split for split in SPLITS if split in encoding.rows]
    for when, described in (("before", encoding.before), ("after", encoding.after)):
        rows = [[column, *(f"{found[s]:,.10g}" for s in STATISTICS)] for column, found in described.items()]
        if rows:
            parts.append(table([when, *STATISTICS], rows))
    rows = [
        [column, *categories(found), *(f"{encoding.missing[column][split]:,}" for split in splits)]
        for column, found in encoding.categories.items()
    ]
    missing = [f"missing: {split}" for split in splits]
    if rows:
        parts.append(table(["category", "columns", "rare rows", "unseen rows", *missing], rows))
    return "\n\n".join(parts)


def categories(found: Grouped | Buckets) -> list[str]:
    """Return the number of columns of a category, and the numbers of rows that became `other` in all splits."""
    if isinstance(found, Buckets):
        return [plural(found.buckets, "bucket"), DASH, DASH]
    return [f"{found.known + 1}", f"{sum(found.rare.values()):,}", f"{sum(found.unseen.values()):,}"]


def baseline(task: TaskComparison) -> str:
    """Return the scores of the intensity baseline and of the leader."""
    reached = next(reference for reference in task.references if reference.name == INTENSITIES)
    leader = f" {cell_name(task.leader)} has {estimate(task.leader.validation)} and {estimate(task.leader.test)}."
    return (
        "Baseline without a network: predicting the most frequent class of each intensity in the training pictures "
        f"gives a {METRICS['dice']} of {reached.validation:.3f} on validation and {reached.test:.3f} on test pictures."
        f"{leader if task.winner else ''}"
    )


def embedding_section(corpus: str, found: EmbeddingComparison, exhibits: Exhibits, *, alone: bool) -> str:
    """Return the section on the word vectors of a corpus.

    Args:
        alone: whether there is no other corpus, so that the heading needs no name.
    """
    card, neighbours = exhibits.texts[corpus], exhibits.neighbours[corpus]
    runs = {f"{name}, seed {run.seed}": run.metrics for name, runs in found.architectures.items() for run in runs}
    names = dict.fromkeys(name for metrics in runs.values() for name in metrics)
    shown = [name for name in names if card.language == "english" or not of_english(name)]
    rows = [[name, *(number(metrics.get(name)) for metrics in runs.values())] for name in shown]
    left_out = f" {NOT_ENGLISH}" if len(shown) < len(names) else ""
    parts = [
        "## Word vectors" if alone else f"## Word vectors of {plain(corpus)}",
        f"The vocabulary has {plural(card.vocabulary, 'word')}.{left_out}",
        table(["metric", *runs], rows),
    ]
    if neighbours:
        words = dict.fromkeys(word for nearest in neighbours.values() for word in nearest)
        nearest = [[word, *(", ".join(near[word]) for near in neighbours.values())] for word in words]
        parts += ["Nearest words by cosine similarity, the nearest first:", table(["word", *neighbours], nearest)]
    parts += [
        picture(f"word vectors of {name}, placed by {spec.name}", f"words-{corpus}-{name}-{method}.png")
        for name in neighbours
        for method, spec in MAPS.items()
    ]
    return "\n\n".join(parts)


def of_english(metric: str) -> bool:
    """Return whether a metric comes from a test of English words: `test/wordsim.coverage`, `test/numbers`."""
    return metric.removeprefix("test/").partition(".")[0] in ENGLISH_TESTS


def tuning_section(comparison: Comparison, parts: Mapping[str, str | None]) -> str:
    """Return the section on hyperparameter search, with a part for each study.

    Args:
        parts: by study, the part of its source that the trials train on; None for all of it.
    """
    return "\n\n".join(
        [
            "## Hyperparameter search",
            *(study_part(name, of, parts[name]) for name, of in comparison.tuning.items()),
            *(fronts.study_part(name, of, parts[name]) for name, of in comparison.fronts.items()),
        ]
    )


def study_part(name: str, tuning: TuningComparison, part: str | None) -> str:
    """Return the part on one study of one objective."""
    cells, measure = tuning.cells, METRICS[tuning.metric]
    varied = list(dict.fromkeys(name for cell in cells for name in cell.best))
    rows = []
    for cell in cells:
        best = [shown(cell.best.get(name)) for name in varied]
        searched = number(cell.best_so_far[-1][1]) if cell.best_so_far else DASH
        notes = [f"{cell.trials_full} with all epochs"] if cell.trials_full < cell.trials else []
        notes += [f"{cell.trials_diverged} diverged"] if cell.trials_diverged else []
        trials = f"{cell.trials} ({', '.join(notes)})" if notes else str(cell.trials)
        scores = [searched, estimate(cell.validation), estimate(cell.optimism)]
        scores += [estimate(cell.test)] if tuning.tested else []
        rows.append([cell.method, trials, *scores, *best])
    # Under halving a method learns from trials with fewer epochs, too.
    learners = {cell.method: (cell.trials, cell.random_start) for cell in cells if cell.trials == cell.trials_full}
    budget = "Every method has a budget of the same number of trainings. " if len(cells) > 1 else ""
    text = (
        f"{code(tuning.model)} under {code(tuning.optimizer)}. The trials train on {code(tuning.data)}{taken(part)}. "
        f"{averaged(tuning.evaluation)}{budget}{halved(cells)}{stopped(cells)}{unguided(learners)}"
        f"The best trial of a method is trained again from {plural(len(cells[0].seeds), 'new seed')}. Only these runs "
        "are compared, because the best of many trials is biased by selection. The optimism is how much better the "
        f"best trial was in the search. {best_method(tuning)}"
    )
    scores = [f"best {measure} in the search", f"validation {measure}, new seeds", "optimism"]
    if tuning.tested:
        scores.append(f"test {METRICS[tuning.tested]}, new seeds")
    header = ["method", "trials", *scores, *map(heading, varied)]
    drawn = picture(f"{measure} of the searches of {name}", f"tuning-{name}.png")
    parts = [f"### Study {code(name)}", text, drawn, table(header, rows), *trials_part(name, tuning)]
    return "\n\n".join(parts)


def trials_part(name: str, tuning: TuningComparison) -> list[str]:
    """Return the figure of a study's trials, after its description."""
    drawn, lost = len(shown_trials(tuning)), sum(cell.trials_diverged for cell in tuning.cells)
    fewer = sum(cell.trials - cell.trials_full for cell in tuning.cells)
    which = " with all epochs" if fewer else ""
    left_out = f" {plural(lost, 'diverged trial is', 'diverged trials are')} left out." if lost else ""
    lines = f"{plural(drawn, 'trial')}{which} of all methods, one line each" if drawn else "No trial ended"
    best = ". Darker lines are better trials; the thick line is the best one" if drawn else ""
    limit = tuning.importance.limit
    far = "" if limit is None else f" Losses above {number(limit, 2)} count as {number(limit, 2)}."
    text = f"Left: {lines}{best}.{left_out}{far} Right: {importance_words(tuning)}"
    alternative = (
        f"Trials of the searches of {name}, from each hyperparameter to the {METRICS[tuning.metric]}, and the "
        "importance of each hyperparameter"
    )
    slices = f"Each trial of {name}: the {METRICS[tuning.metric]} against each hyperparameter"
    below = (
        "The same trials against one hyperparameter each, in the colour of their method; the circle is the best trial."
    )
    return [text, picture(alternative, f"trials-{name}.png"), below, picture(slices, f"slices-{name}.png")]


def importance_words(tuning: TuningComparison) -> str:
    """Return sentences on the importance of the hyperparameters, and on the trials from which it is computed."""
    found, measure = tuning.importance, METRICS[tuning.metric]
    if not found.shares:
        few = f"only {plural(found.trials, 'trial')} with different settings ended, of the {LEAST} that it needs"
        why = few if found.trials < LEAST else "no hyperparameter that all trials have explains any variance"
        return f"no importance of hyperparameters, because {why}."
    conditional = (
        f" {listed(map(code, map(heading, found.conditional)))} {'is' if len(found.conditional) == 1 else 'are'} left "
        "out, because not all trials have a value."
        if found.conditional
        else ""
    )
    trials = f"the {found.trials} trials of {listed(found.methods)}"
    if found.independent:
        source = f"{trials}, whose points do not depend on results"
    elif any(cell.trials_full < cell.trials for cell in tuning.cells):
        source = f"{trials} that have all epochs (duplicates count once), mostly in regions with good results"
    else:
        source = (
            f"{trials} (duplicates count once). Fewer than {LEAST_INDEPENDENT} of them do not depend on results; the "
            "others are mostly in regions with good results"
        )
    return (
        f"importance, the share of the variance of the {measure} over the space that each hyperparameter explains "
        f"alone (fANOVA), from {source}. The rest is due to interactions, or to noise. With few trials the shares are "
        f"rough estimates.{conditional}"
    )


def halved(cells: Sequence[Study]) -> str:
    """Return a sentence on trials with fewer epochs; nothing if there are none."""
    if all(cell.trials_full == cell.trials for cell in cells):
        return ""
    return "Trials begin with few epochs, and only the best are trained for more (successive halving). "


def stopped(cells: Sequence[Study]) -> str:
    """Return a sentence on each search that a rule ended before its budget was spent."""
    rules = {
        "target": "because its best value reached the target",
        "patience": "because its best value had stopped improving",
    }
    early = [cell for cell in cells if cell.ended != "budget"]
    return "".join(
        f"{cell.method} stopped after {plural(cell.trials, 'trial')}, {rules[cell.ended]}. " for cell in early
    )


def best_method(tuning: TuningComparison) -> str:
    """Return a sentence that names the leading method, and whether it wins."""
    leader = tuning.cells[0].method
    match tuning.no_winner:
        case None:
            return f"**{leader} wins.**"
        case "all diverged":
            return "Every confirming run diverged."
        case "alone":
            return f"{leader} is the only method."
        case "diverged rivals":
            return f"**No winner.** {leader} leads because more runs of others diverged."
        case "tied":
            none = "**No single winner.**"
        case reason:
            none = f"**No winner** ({reason})."
    ties = f" and is statistically tied with {listed(tuning.tied_with)}" if tuning.tied_with else ""
    best = "smallest" if tuning.metric == "loss" else "largest"
    return f"{none} {leader} has the {best} mean {METRICS[tuning.metric].removeprefix('mean ')}{ties}."


def shown(value: float | str | None) -> str:
    """Return a hyperparameter with two digits; a word as it is."""
    return value if isinstance(value, str) else number(value, 2)
