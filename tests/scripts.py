"""Runs test files as scripts, one after another in one process, and prints a JSON object: what each of them printed.

On an emulated processor `import torch` takes half a minute; this way they share it. A script that fails is left out.
"""

import contextlib
import io
import json
import runpy
import sys
import traceback
from pathlib import Path


def printed(file: str) -> list[str]:
    sys.path[0] = str(Path(file).parent)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path(file, run_name="__main__")
    return out.getvalue().splitlines()


if __name__ == "__main__":
    found = {}
    for file in sys.argv[1:]:
        try:
            found[file] = printed(file)
        except Exception:
            traceback.print_exc()
    print(json.dumps(found))
