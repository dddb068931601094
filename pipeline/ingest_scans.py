"""Makes splits of slices with a label for each pixel, with a simulated bias field and noise if these are set."""

from bakeoff.base import paths
from bakeoff.data.card import Card
from bakeoff.data.limits import Limits
from bakeoff.data.portion import portion
from bakeoff.data.remarks import Remarks
from bakeoff.data.scans import scans
from bakeoff.data.scans.read import read
from bakeoff.data.scans.sequence import part
from bakeoff.data.scans.settings import ScansSettings
from bakeoff.data.scans.spacing import spacings
from bakeoff.data.sources.find import find
from bakeoff.harness.stage import Stage, run


def ingest_scans(stage: Stage, data: str) -> None:
    stage.watched(paths.raw("scans"))
    limits = stage.settings("limits", Limits)
    settings = stage.settings(f"data.{data}", ScansSettings)
    remarks = Remarks()
    whole = read(find(settings.source, "scans", limits), settings, limits, remarks)
    found = part(whole, settings.take, settings.split)
    taken = None
    if len(found) < len(whole):
        taken = portion(len(found), "files", len(whole), drawn=settings.split.by == "file")
        remarks.add(f"data.scans.take: {taken}")
    with stage.progress(sum(scan.length for scan in found)) as progress:
        examples = scans.examples(found, settings, progress.advance, remarks, partial=taken is not None)
    height, width = examples.train.x.shape[2:]
    known = spacings(found, height, width, remarks)
    stage.say(f"{stage.name}: {line}" for line in remarks.lines())
    stage.output(paths.examples(data, "scans"), examples.save)
    stage.output(paths.data_card(data), Card.of(examples, "scans", settings.source, taken, known).save)


if __name__ == "__main__":
    run(ingest_scans, "ingest_{data}", about=("data", "scans"), data=None)
