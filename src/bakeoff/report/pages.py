"""The pages of results: a report in Markdown and as one HTML file, and the short table that README carries."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from markdown_it import MarkdownIt

from bakeoff.data.examples import SPLITS
from bakeoff.embedding.maps import MAPS
from bakeoff.report.escaping import code
from bakeoff.report.formatting import (
    DASH,
    FIGURES,
    METRICS,
    Row,
    cell_name,
    estimate,
    listed,
    number,
    picture,
    plural,
    span,
    table,
)
from bakeoff.report.sections.contest import contest, overall, procedure, runs
from bakeoff.results.step_costs import Costs

MARKERS = ("<!-- results -->", "<!-- /results -->")  # README's table of results stands between them
STATISTICS = ("count", "mean", "std", "min", "25%", "50%", "75%", "max")  # in the order of describe()


@dataclass(frozen=True)
class Exhibits:
    """The parts of the page that are not in the comparison.

    Attributes:
        origins: of each kind of data its source, title, licence and citation; the last three are empty for own data.
        encoding: what encode_table reports: numbers before and after, categories, missing values.
        sizes: of each task's data, {"train": 3500, "validation": 500, "test": 1000}.
        classes: how many of the labels each class has, by task and split: {"images": {"test": [500, 500], ...}, ...}.
        baseline: the Dice that a table of intensities reaches on the scans, as val/dice and test/dice.
        vocabulary: its size, UNK included.
        neighbours: by architecture and word the nearest words; of those architectures that did not diverge.
        costs: what a step takes, and on which processor.
    """

    origins: Mapping[str, Mapping[str, str]]
    encoding: Row
    sizes: Mapping[str, Mapping[str, int]]
    classes: Mapping[str, Mapping[str, Sequence[int]]]
    baseline: Mapping[str, float]
    vocabulary: int
    neighbours: Mapping[str, Mapping[str, Sequence[str]]]
    costs: Costs


def results(comparison: Row) -> str:
    """The short table: a line a task."""
    rows = []
    for name, task in comparison["tasks"].items():
        leader = task["cells"][0]
        rows.append(
            [
                name,
                METRICS[task["metric"]],
                cell_name(leader) if task["winner"] else "none: all diverged",
                estimate(leader["validation"]),
                estimate(leader["test"]),
                f"{len(task['tied_with'])} of {len(task['cells']) - 1}",
                f"{runs(task, 'diverged')} of {runs(task, 'runs')}",
            ]
        )
    header = ["task", "metric", "leader", "validation", "test", "tied", "runs diverged"]
    seeds = span(len(cell["seeds"]) for task in comparison["tasks"].values() for cell in task["cells"])
    said = (
        f"Mean over {seeds} seeds, ± half of the {comparison['confidence']:.0%} confidence interval. Each optimizer "
        "was tuned with the same search budget. The leader has the best mean on validation data. `tied` counts the "
        "cells that are statistically tied with it. Each run read the test data once, after its last epoch."
    )
    return f"{table(header, rows)}\n\n{said}\n"


def embed(readme: str, results: str) -> str:
    """README with the table of results between its two markers.

    Raises:
        ValueError: the markers are not there once each, in order.
    """
    pattern = re.compile(f"({re.escape(MARKERS[0])}).*?({re.escape(MARKERS[1])})", re.DOTALL)
    if any(readme.count(marker) != 1 for marker in MARKERS) or not pattern.search(readme):
        raise ValueError(f"README needs {MARKERS[0]} and, after it, {MARKERS[1]}, once each")
    return pattern.sub(lambda found: f"{found[1]}\n{results.strip()}\n{found[2]}", readme)


def report(comparison: Row, exhibits: Exhibits, *more: str) -> str:
    """The whole page in Markdown.

    Args:
        more: sections that other modules write.
    """
    tasks = comparison["tasks"]
    trained = sum(runs(task, "runs") for task in tasks.values())
    trials = sum(cell["trials"] for cell in comparison["tuning"]["cells"])
    sections = [
        "# Results of the bake-off",
        f"{trained:,} trainings on {len(tasks)} tasks: each network under each optimizer, with tuned and with default "
        f"hyperparameters, from several seeds. {trials} trials of {len(comparison['tuning']['cells'])} hyperparameter "
        f"searches. {len(comparison['embedding'])} architectures of word vectors.",
        results(comparison),
        procedure(tasks, comparison["confidence"]),
        overall(comparison, exhibits.costs),
        *(task_section(name, task, exhibits, comparison["confidence"]) for name, task in tasks.items()),
        embedding_section(comparison["embedding"], exhibits),
        tuning_section(comparison["tuning"]),
        *more,
        data_section(exhibits),
        REPRODUCE,
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


REPRODUCE = """## Reproduce

`make repro` reruns the stages that are stale, several at a time. `dvc repro` does the same, one stage at a time.
`dvc.lock` holds the hash of every input and output. On any x86-64 processor with AVX2 the same inputs give the same
bytes, including this page and its figures; `make verify` checks that by running everything again. `dvc plots show`
draws interactive learning curves. `make ui` opens all runs in MLflow.
"""


def task_section(name: str, task: Row, exhibits: Exhibits, confidence: float) -> str:
    sizes = ", ".join(f"{size:,} {split}" for split, size in exhibits.sizes[name].items())
    networks = ", ".join(f"{model} ({count:,} parameters)" for model, count in task["parameters"].items())
    parts = [
        f"## {name}",
        f"`{task['data']}`: {sizes}. Networks: {networks}.",
        *contest(name, task, exhibits.classes[name], exhibits.costs, confidence),
    ]
    if name == "images":
        parts.append(picture("training pictures of each class", "samples-images.png"))
    if name == "table":
        parts.append(encoding_section(exhibits.encoding))
    if task["metric"] == "dice":
        parts.append(baseline(task, exhibits.baseline))
        parts += [picture("scans, masks and predictions", f"predictions-{name}.png")] if task["winner"] else []
    return "\n\n".join(parts)


def data_section(exhibits: Exhibits) -> str:
    rows = [
        [kind, code(origin["source"]), origin["title"] or DASH, origin["licence"] or DASH, origin["citation"] or DASH]
        for kind, origin in exhibits.origins.items()
    ]
    return f"## Data\n\n{table(['', 'source', 'title', 'licence', 'citation'], rows)}"


def encoding_section(encoding: Row) -> str:
    """The numbers as `describe()` shows them before and after scaling, and the categories."""
    parts = [
        "### The table before and after encoding",
        f"{encoding['columns']} columns. Statistics of the training rows, as `describe().round(2)` of pandas gives "
        "them.",
    ]
    splits = [split for split in SPLITS if split in encoding["rows"]]
    for when in ("before", "after"):
        rows = [[name, *(f"{column[s]:,.10g}" for s in STATISTICS)] for name, column in encoding[when].items()]
        parts.append(table([when, *STATISTICS], rows))
    rows = [
        [name, *categories(found), *(f"{encoding['missing'][name][split]:,}" for split in splits)]
        for name, found in encoding["categories"].items()
    ]
    missing = [f"missing: {split}" for split in splits]
    return "\n\n".join([*parts, table(["category", "columns", "rare rows", "unseen rows", *missing], rows)])


def categories(found: Row) -> list[str]:
    """How many columns a category takes, and how many rows of all splits share `other`."""
    if "buckets" in found:
        return [f"{found['buckets']} buckets", DASH, DASH]
    rare, unseen = (sum(found[kind].values()) for kind in ("rare", "unseen"))
    return [f"{found['known'] + 1}", f"{rare:,}", f"{unseen:,}"]


def baseline(task: Row, reached: Mapping[str, float]) -> str:
    """A sentence that compares the baseline of intensities with the leader."""
    leader = task["cells"][0]
    return (
        "Baseline without a network: predicting the most frequent class of each intensity in the training slices "
        f"gives a {METRICS['dice']} of {reached['val/dice']:.3f} on validation and {reached['test/dice']:.3f} on test "
        f"slices. {cell_name(leader)} has {estimate(leader['validation'])} and {estimate(leader['test'])}."
    )


def embedding_section(architectures: Mapping[str, Sequence[Row]], exhibits: Exhibits) -> str:
    runs = {f"{name}, seed {run['seed']}": run["metrics"] for name, found in architectures.items() for run in found}
    names = dict.fromkeys(name for metrics in runs.values() for name in metrics)
    rows = [[name, *(number(metrics.get(name)) for metrics in runs.values())] for name in names]
    parts = ["## Word vectors", f"The vocabulary has {exhibits.vocabulary:,} words.", table(["metric", *runs], rows)]
    if exhibits.neighbours:
        words = dict.fromkeys(word for found in exhibits.neighbours.values() for word in found)
        nearest = [[word, *(", ".join(found[word]) for found in exhibits.neighbours.values())] for word in words]
        parts += [
            "Nearest words by cosine similarity, the nearest first:",
            table(["word", *exhibits.neighbours], nearest),
        ]
    parts += [
        picture(f"word vectors of {name}, placed by {spec.name}", f"words-{name}-{method}.png")
        for name in exhibits.neighbours
        for method, spec in MAPS.items()
    ]
    return "\n\n".join(parts)


def tuning_section(tuning: Row) -> str:
    cells = tuning["cells"]
    varied = list(dict.fromkeys(name for cell in cells for name in cell["best"]))
    rows = []
    for cell in cells:
        best = [number(cell["best"].get(name), 2) for name in varied]
        searched = number(cell["best_so_far"][-1][1]) if cell["best_so_far"] else DASH
        trials = (
            f"{cell['trials']} ({cell['trials_diverged']} diverged)" if cell["trials_diverged"] else str(cell["trials"])
        )
        scores = [searched, estimate(cell["validation"]), estimate(cell["test"])]
        rows.append([cell["method"], trials, *scores, *best])
    tied = listed(cell["method"] for cell in cells if cell["tied"])
    if not tuning["winner"]:
        said = "Every confirming run diverged."
    elif tied:
        best = cells[0]["method"]
        said = f"**No single winner.** {best} has the smallest mean loss and is statistically tied with {tied}."
    else:
        said = f"**{cells[0]['method']} wins.**"
    told = (
        "Every method has a budget of the same number of trainings. Its best trial is trained again from "
        f"{plural(len(cells[0]['seeds']), 'seed')} that no trial had used, and only these runs are compared: the best "
        f"of many trials is biased by selection. {said}"
    )
    scores = ["best loss in the search", "validation loss, new seeds", "test accuracy, new seeds"]
    header = ["method", "trials", *scores, *(name.rpartition(".")[2] for name in varied)]
    parts = ["## Hyperparameter search", told, picture("loss of the searches", "tuning.png"), table(header, rows)]
    return "\n\n".join(parts)


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<title>Results of the bake-off</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
STYLE = """
body { max-width: 60em; margin: 2em auto; padding: 0 1em; font: 16px/1.5 system-ui, sans-serif; color: #222; }
h2 { margin-top: 2.5em; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; margin: 1em 0; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: .25em .8em .25em 0; text-align: left; border-bottom: 1px solid #e6e6e6; white-space: nowrap; }
th { color: #666; font-weight: normal; }
img { max-width: 100%; }
div.wide { overflow-x: auto; }
"""

# No script runs, nothing is loaded, no form is sent: the page has its own style and the pictures inside it.
POLICY = "default-src 'none'; img-src data:; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "autolink", "html_inline"])


def as_html(markdown: str, pictures: Mapping[str, bytes]) -> str:
    """One file that needs no other: the pictures (PNG, by name) are inside."""
    body = MARKDOWN.render(markdown)
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    inside = partial(embedded, pictures=pictures)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    body = re.sub(f'src="{FIGURES}/([^"]+)"', inside, body)
    return PAGE.format(policy=POLICY.format(style=digest), style=STYLE, body=body)


def embedded(source: re.Match[str], pictures: Mapping[str, bytes]) -> str:
    return f'src="data:image/png;base64,{base64.b64encode(pictures[source[1]]).decode()}"'
