"""The arguments of `bakeoff explain`."""

import argparse

from bakeoff.commands.choice import flips, model_or_recipe


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="name of a task under `tasks` in params.yaml")
    model_or_recipe(parser)
    parser.add_argument("--ensemble", action="store_true", help="average the probabilities over all seeds")
    parser.add_argument(
        "--split",
        choices=("validation", "test"),
        default="validation",
        help="the data to explain (default: validation)",
    )
    flips(parser)
    parser.add_argument(
        "--border",
        metavar="CLASS",
        help="for scans: the class between cells, for V_Rand and V_Info",
    )
    parser.add_argument(
        "--spacing",
        nargs=2,
        type=float,
        metavar=("HEIGHT", "WIDTH"),
        help="for scans: the size of a pixel of the prepared pictures, for distances in mm (default: from the voxel "
        "sizes of NIfTI volumes; distances of other data are in pixels)",
    )
    parser.add_argument("--to", required=True, metavar="FOLDER", help="for explanation.html and explanation.json")


def run(asked: argparse.Namespace) -> None:
    from bakeoff.explanation.explain import explain

    explain(
        asked.task,
        asked.split,
        asked.to,
        cell=asked.model,
        recipe=asked.recipe,
        ensemble=asked.ensemble,
        flips=asked.flips,
        border=asked.border,
        spacing=asked.spacing and tuple(asked.spacing),
    )
