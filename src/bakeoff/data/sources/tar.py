"""How a .tar archive begins."""

import tarfile


def is_tar(start: bytes) -> bool:
    """Return whether bytes, unpacked, are the start of a .tar archive: its first header has a checksum."""
    try:
        tarfile.TarInfo.frombuf(start[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
