"""Makes shuffled, stratified splits of labelled images."""

from bakeoff.base import paths
from bakeoff.data.card import Card, taken
from bakeoff.data.images import images
from bakeoff.data.images.labelled import part
from bakeoff.data.images.read import read
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.sources.find import find
from bakeoff.harness.stage import Stage, run


def ingest_images(stage: Stage, data: str) -> None:
    stage.watched(paths.raw("images"))
    limits = stage.settings("limits", Limits)
    settings = stage.settings(f"data.{data}", ImagesSettings)
    whole = read(find(settings.source, "images", limits), limits)
    found = whole if settings.take is None else part(whole, settings.take, settings.split.seed)
    remarks = Remarks()
    told = taken(settings.take, len(whole.y), "images, each class by its share")
    if told:
        remarks.add(f"data.images.take: {told}")
    with stage.progress(len(found.y)) as progress:
        examples = images.examples(found, settings, progress.advance, remarks)
    stage.say(f"{stage.name}: {line}" for line in remarks.lines())
    stage.output(paths.examples(data, "images"), examples.save)
    stage.output(paths.data_card(data), Card.of(examples, "images", settings.source, told).save)


if __name__ == "__main__":
    run(ingest_images, "ingest_{data}", kind="images", data=None)
