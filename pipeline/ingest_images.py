"""Makes shuffled, stratified splits of labelled images."""

from bakeoff.base import paths
from bakeoff.data.card import Card
from bakeoff.data.images import images, labelled
from bakeoff.data.images.read import read
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.limits import Limits
from bakeoff.data.portion import portion
from bakeoff.data.remarks import Remarks
from bakeoff.data.sources.find import find
from bakeoff.harness.stage import Stage, run


def ingest_images(stage: Stage, data: str) -> None:
    stage.watched(paths.raw("images"))
    limits = stage.settings("limits", Limits)
    settings = stage.settings(f"data.{data}", ImagesSettings)
    whole = read(find(settings.source, "images", limits), limits)
    found = whole if settings.take is None else labelled.part(whole, settings.take, settings.split.seed)
    remarks = Remarks()
    part = portion(len(found.y), "images", found.whole) if found.whole else None
    if part:
        remarks.add(f"data.images.take: {part}")
    with stage.progress(len(found.y)) as progress:
        examples = images.examples(found, settings, progress.advance, remarks)
    stage.say(f"{stage.name}: {line}" for line in remarks.lines())
    stage.output(paths.examples(data, "images"), examples.save)
    stage.output(paths.data_card(data), Card.of(examples, "images", settings.source, part).save)


if __name__ == "__main__":
    run(ingest_images, "ingest_{data}", about=("data", "images"), data=None)
