"""Makes shuffled, stratified splits of the handwritten digits."""

from bakeoff.data import images, sources
from bakeoff.data.settings import ImagesSettings
from bakeoff.stage import Stage, run


def ingest_images(stage: Stage) -> None:
    settings = stage.settings("data.images", ImagesSettings)
    x, y = images.read(sources.files(settings.source)["digits"])
    stage.output("data/images/images.npz", images.split(x, y, images.CLASSES, settings.split).save)


if __name__ == "__main__":
    run(ingest_images, "ingest_images")
