"""Imported first by the stages that read `device`: where that is cuda and there is no GPU, they end before torch comes.

A gate, see provenance.GATES; what it lets pass is still torch's to judge, in training/device.py.
"""

import re
import sys

from bakeoff.base import strict_yaml
from bakeoff.base.distributed import leads
from bakeoff.base.settings import PATH, BadInput
from bakeoff.harness import restore_outputs
from bakeoff.harness.stage import fail


def asked() -> bool:
    """Whether params.yaml looks as if it asked for a GPU: read in a moment, where to check the file takes a while."""
    try:
        return bool(re.search(r"^device: *['\"]?cuda\b", strict_yaml.text(PATH), re.M))
    except (FileNotFoundError, strict_yaml.Unreadable):
        return False  # the stage refuses it


def gate() -> None:
    """The end of a stage that asks for a GPU in vain: as in stage.run, which it does not reach."""
    from bakeoff.base.gpu import refuse
    from bakeoff.harness.params import check

    try:
        refuse(check().device)
    except BadInput as error:
        if not leads():  # the first says it
            sys.exit(2)
        with restore_outputs.kept_on_failure():
            fail(error)


def runs_a_stage() -> bool:
    spec = sys.modules["__main__"].__spec__  # none of a file that is run by its path
    return spec is not None and spec.name.startswith("pipeline.")


if runs_a_stage() and asked():
    gate()
