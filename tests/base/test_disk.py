"""What the system refuses is told in one line that names the cause, whichever library met it."""

import errno
import os
from pathlib import Path

import pytest

from bakeoff.base.disk import REMEDIES, cause, refusal, writing
from bakeoff.base.settings import BadInput


@pytest.mark.parametrize("number", REMEDIES)
def test_each_cause_has_its_line(number: int) -> None:
    with pytest.raises(BadInput) as refused, writing(Path("models/a.json")):
        raise OSError(number, os.strerror(number))
    assert str(refused.value) == f"models/a.json: cannot be written: {os.strerror(number)}; {REMEDIES[number]}"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (OSError(errno.ENOSPC, "full"), errno.ENOSPC),
        (PermissionError(errno.EACCES, "Permission denied", "a"), errno.EACCES),
        (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"), errno.ENOSPC),
        (OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"), errno.ENOSPC),
        (MemoryError(), errno.ENOMEM),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: Error code 12 (Cannot allocate memory)"),
            errno.ENOMEM,
        ),
        (RuntimeError("a fault of the program"), None),
        (FileNotFoundError(errno.ENOENT, "No such file", "a"), None),
        (ValueError("(os error many)"), None),
    ],
)
def test_the_cause_is_found_in_the_number_or_in_the_text(error: Exception, number: int | None) -> None:
    assert cause(error) == number
    assert (refusal(error) is None) == (number is None)


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), writing(Path("a")):
        raise ZeroDivisionError


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_device_that_is_full() -> None:
    with pytest.raises(BadInput, match="No space left on device; free some space"), writing(Path("a")):
        Path("/dev/full").write_text("x" * 100_000)
