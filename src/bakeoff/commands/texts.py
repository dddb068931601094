"""`bakeoff predict` for a text: vectors of its words, or of its documents."""

import argparse
import sys

from bakeoff.base import paths, settings
from bakeoff.base.settings import BadInput
from bakeoff.commands.words import trained
from bakeoff.data.corpus.settings import CorpusSettings
from bakeoff.data.limits import Limits
from bakeoff.inference import output, recorded, sources, texts
from bakeoff.inference.refusals import Refusals

PREPARED = ("tokens", "cleaning")  # settings of the corpus by which a text becomes words


def vectors(corpus: str, source: str, to: str, architecture: str | None, *, documents: bool) -> int:
    """Write the vectors of a text, and return the number of files that were refused.

    Args:
        source, to: paths, or `-` for standard input and output.
        documents: a row for each document: a file of a folder or archive, or a line of a single file.

    Raises:
        BadInput: the vectors or the input are missing, or the output cannot be written.
    """
    document = settings.load()
    found = settings.validate(document, f"data.{corpus}", CorpusSettings)
    path, tables, unit = trained(argparse.Namespace(corpus=corpus, architecture=architecture))
    if len(tables["input"]) != len(unit.words):
        raise BadInput(
            f"{path}: has vectors of {len(tables['input']):,} words, and the vocabulary has {len(unit.words):,}; "
            f"`dvc repro train_embedding@{path.stem}` trains them again"
        )
    note = recorded.check_made(
        paths.vocabulary(corpus),
        document,
        [f"data.{corpus}.{name}" for name in PREPARED],
        path.stem,
        f"train_embedding@{path.stem}",
    )
    output.check(to, source)
    refusals, places = Refusals("corpus", corpus), texts.known(unit.words)
    read: list[tuple[object, list[str]]] = []
    with sources.local(source) as (where, shown):
        limits = settings.validate(document, "limits", Limits)
        files = sources.input_files(where, shown, limits, refusals)
        for name, place in files:
            try:
                if documents and not sources.several(where):
                    read += enumerate(texts.lines(place.path, str(place), found), start=1)
                else:
                    read.append((name, texts.words(place.path, str(place), found)))
            except BadInput as error:
                refusals.add(error)
    if refusals.count and not read:
        return refusals.count
    if documents:
        header, rows, without = texts.of_documents(read, places, tables["input"])
        said = f"{len(rows):,} documents, {without:,} of them without a word of the vocabulary"
    else:
        header, rows, without = texts.of_words((word for _, some in read for word in some), places, tables["input"])
        said = f"{len(rows):,} words; {without:,} others are not in the vocabulary"
    output.write(to, output.table(header, rows))
    if note:
        print(note, file=sys.stderr)
    print(f"{corpus} by {path.stem}: {said}", file=sys.stderr)
    return refusals.count
