"""The section `limits` of params.yaml: how much memory, disk and time a file of others may take.

A file is refused before it takes more than a limit allows, whatever its header claims. A limit never changes a result.
"""

from typing import Annotated

from pydantic import Field

from bakeoff.base.settings import Settings

Limit = Annotated[int, Field(ge=1, le=2**53)]


class Limits(Settings):
    """Upper limits, but for the rate.

    Attributes:
        archive_members: files and folders of an archive.
        archive_bytes: of all files of an archive, unpacked on disk.
        download_bytes: of one download, on disk.
        download_rate: the least bytes a second of a download, measured over a minute.
        array_bytes: of all arrays of an .npz or IDX file, in memory.
        pickle_values: instructions of a pickle; each makes at most one value.
        picture_pixels: height x width of one picture.
        volume_bytes: of one unpacked volume, in memory.
    """

    archive_members: Limit
    archive_bytes: Limit
    download_bytes: Limit
    download_rate: Limit
    array_bytes: Limit
    pickle_values: Limit
    picture_pixels: Limit
    volume_bytes: Limit
