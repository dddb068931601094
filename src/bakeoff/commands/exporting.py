"""The arguments of `bakeoff export`."""

import argparse

from bakeoff.commands.choice import model_or_recipe

FORMATS = ("onnx", "safetensors", "torchscript")  # as `bakeoff.inference.export_formats` has them, which needs torch


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="of `tasks` in params.yaml")
    model_or_recipe(parser)
    parser.add_argument("--format", required=True, choices=FORMATS, dest="form", help="of the file")
    parser.add_argument("--to", required=True, metavar="FILE", help="- is standard output")


def run(asked: argparse.Namespace) -> None:
    from bakeoff.inference.exporting import export

    export(asked.task, asked.form, asked.to, cell=asked.model, recipe=asked.recipe)
