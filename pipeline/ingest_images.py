"""Makes shuffled, stratified splits of labelled images."""

from bakeoff.base import paths
from bakeoff.data.images import images
from bakeoff.data.images.read import read
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.limits import Limits
from bakeoff.data.remarks import Remarks
from bakeoff.data.sources.find import find
from bakeoff.harness.stage import Stage, run


def ingest_images(stage: Stage) -> None:
    stage.watched(paths.raw("images"))
    limits = stage.settings("data.limits", Limits)
    settings = stage.settings("data.images", ImagesSettings)
    found = read(find(settings.source, "images", limits), limits)
    remarks = Remarks()
    with stage.progress(len(found.y)) as progress:
        examples = images.examples(found, settings, progress.advance, remarks)
    remarks.say(stage.name)
    stage.output(paths.EXAMPLES["images"], examples.save)


if __name__ == "__main__":
    run(ingest_images, "ingest_images")
