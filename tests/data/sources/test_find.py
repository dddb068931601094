import hashlib
from pathlib import Path

import pytest

from bakeoff.base import settings
from bakeoff.data.limits import Limits
from bakeoff.data.sources.availability import files
from bakeoff.data.sources.catalogue import SOURCES, Remote
from bakeoff.data.sources.find import Found, find
from bakeoff.data.sources.settings import Download

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project and a cache of the test's own, and no network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BAKEOFF_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "mirror").mkdir()


def put(path: str, content: bytes = b"a b c\n") -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content)
    return Path(path)


def test_a_data_set_is_found_by_its_name() -> None:
    assert find("mnist-5k", "images", LIMITS) == Found("mnist-5k", "mnist-5k", files("mnist-5k", LIMITS))


@pytest.mark.parametrize("source", ["data/raw/corpus/a.txt", "data/raw/corpus/folder", "data/raw/corpus"])
def test_own_data_are_found_by_their_path(source: str) -> None:
    put("data/raw/corpus/a.txt")
    put("data/raw/corpus/folder/b.txt")
    assert find(source, "corpus", LIMITS) == Found(source, None, {"data": Path(source)})


def test_own_data_may_be_linked(tmp_path: Path) -> None:
    elsewhere = put("elsewhere/a.txt").absolute()
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/corpus").symlink_to(tmp_path / "elsewhere")
    Path("elsewhere/link.txt").symlink_to(elsewhere)
    assert find("data/raw/corpus/link.txt", "corpus", LIMITS).files["data"].read_bytes() == elsewhere.read_bytes()


def test_an_address_is_found_by_its_digest() -> None:
    digest = hashlib.sha256(put("mirror/a.txt").read_bytes()).hexdigest()
    source = Download(url="https://example.org/a.txt", sha256=digest)
    assert find(source, "corpus", LIMITS) == Found(source.url, None, {"data": Path("mirror/a.txt").absolute()})


def test_the_reader_of_an_address_in_the_catalogue_is_known() -> None:
    (file,) = SOURCES["isbi-2012"].files.values()
    assert isinstance(file, Remote)
    digest = hashlib.sha256(put("mirror/ISBI-2012-challenge.zip").read_bytes()).hexdigest()
    source = Download(url=file.url, sha256=digest)
    assert find(source, "scans", LIMITS).reader == "isbi-2012"
    assert find(source, "images", LIMITS).reader is None
