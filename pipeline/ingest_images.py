"""Makes shuffled, stratified splits of the handwritten digits."""

from bakeoff.data.images import images
from bakeoff.data.images.settings import ImagesSettings
from bakeoff.data.sources import catalogue as sources
from bakeoff.stage import Stage, run


def ingest_images(stage: Stage) -> None:
    settings = stage.settings("data.images", ImagesSettings)
    x, y = images.read(sources.files(settings.source)["digits"])
    stage.output("data/images/images.npz", images.split(x, y, images.CLASSES, settings.split).save)


if __name__ == "__main__":
    run(ingest_images, "ingest_images")
