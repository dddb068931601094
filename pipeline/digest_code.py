"""Writes the sha256 of each file that a script imports, into one file that represents its code in the graph."""

from operator import methodcaller

from bakeoff.base.provenance import DIGESTS, digests, scripts
from bakeoff.harness.stage import Stage, run


def digest_code(stage: Stage, script: str) -> None:
    stage.output(f"{DIGESTS}/{script}.sha256", methodcaller("write_text", digests(script), encoding="utf-8"))


if __name__ == "__main__":
    run(digest_code, "code_{script}", script=scripts())
