"""Makes shuffled, stratified splits of labelled images."""

from bakeoff.data.images import images
from bakeoff.data.images.read import read
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.limits import Limits
from bakeoff.data.sources.find import find
from bakeoff.stage import Stage, run


def ingest_images(stage: Stage) -> None:
    limits = stage.settings("data.limits", Limits)
    settings = stage.settings("data.images", ImagesSettings)
    found = read(find(settings.source, "images", limits), limits)
    with stage.progress(len(found.y)) as progress:
        examples = images.examples(found, settings, progress.advance)
    stage.output("data/images/images.npz", examples.save)


if __name__ == "__main__":
    run(ingest_images, "ingest_images")
