"""The arguments of `bakeoff export`."""

import argparse

from bakeoff.commands.choice import model_or_recipe

FORMATS = (
    "onnx",
    "safetensors",
    "torchscript",
)  # the same as in `bakeoff.inference.export_formats`, which imports torch


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="name of a task under `tasks` in params.yaml")
    model_or_recipe(parser)
    parser.add_argument("--format", required=True, choices=FORMATS, dest="form", help="format of the file")
    parser.add_argument("--to", required=True, metavar="FILE", help="output file; - is standard output")


def run(asked: argparse.Namespace) -> None:
    from bakeoff.inference.exporting import export

    export(asked.task, asked.form, asked.to, cell=asked.model, recipe=asked.recipe)
