import subprocess
import sys


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


def test_a_library_that_has_chosen_already_is_an_error() -> None:
    assert "must be imported before numpy" in python("import numpy, bakeoff.base.reproducible").stderr
