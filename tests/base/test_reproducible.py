import subprocess
import sys

from bakeoff.base import reproducible


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": "src"})


def test_torch_takes_the_pinned_choices() -> None:
    code = (
        "import bakeoff.base.reproducible, torch;"
        "print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())"
    )
    assert python(code).stdout.split() == ["AVX2", "1"]


def test_numpy_leaves_the_wide_loops_alone() -> None:
    code = (
        "import bakeoff.base.reproducible, warnings; warnings.simplefilter('error');"
        "from numpy._core._multiarray_umath import __cpu_features__ as on; print([on[name] for name in"
        " ('X86_V4', 'AVX512_ICL', 'AVX512_SPR')])"
    )
    assert python(code).stdout.strip() == "[False, False, False]"


def test_numba_compiles_for_the_pinned_processor() -> None:
    """All that LLVM is told, and part of the key of Numba's cache: code of another processor is not loaded."""
    code = (
        "import bakeoff.base.reproducible; from numba.core.registry import cpu_target;"
        "print(*cpu_target.target_context.codegen().magic_tuple())"
    )
    assert python(code).stdout.split()[1:] == ["haswell", reproducible.ENVIRONMENT["NUMBA_CPU_FEATURES"]]


def test_a_library_that_has_chosen_already_is_an_error() -> None:
    assert "must be imported before numpy" in python("import numpy, bakeoff.base.reproducible").stderr
