"""Imported first by the stages that read `device`: where that is cuda and there is no GPU, they end before torch comes.

A gate, see provenance.GATES; what it lets pass is still torch's to judge, in training/device.py.
"""

import os
import re
import sys

from bakeoff import earlier
from bakeoff.ranks import leads
from bakeoff.settings import PATH, BadInput
from bakeoff.stage import fail


def asked() -> bool:
    """Whether params.yaml looks as if it asked for a GPU: read in a moment, where to check the file takes a while."""
    return PATH.exists() and bool(re.search(rb"^device: *['\"]?cuda\b", PATH.read_bytes(), re.M))


def gate() -> None:
    """The end of a stage that asks for a GPU in vain: as in stage.run, which it does not reach."""
    from bakeoff.gpu import refuse
    from bakeoff.params import check

    try:
        refuse(check().device)
    except BadInput as error:
        if not leads():  # the first says it
            sys.exit(2)
        try:
            fail(error)
        finally:
            if "DVC_STAGE" in os.environ:  # whose outputs DVC has removed
                earlier.give_back(os.environ["DVC_STAGE"])


def runs_a_stage() -> bool:
    spec = sys.modules["__main__"].__spec__  # none of a file that is run by its path
    return spec is not None and spec.name.startswith("pipeline.")


if runs_a_stage() and asked():
    gate()
