"""The environment that makes bytes equal from one x86-64 processor to the next. Import it before anything heavy.

Numerical libraries choose their code by the processor they find, and different code rounds differently. Each line below
pins one such choice to what every processor with AVX2 can run. Measured under emulation of Intel Haswell and AMD Rome.
"""

import os
import sys

ENVIRONMENT = {
    # torch's own vectorised kernels, oneDNN's convolutions, MKL's matrix products.
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "COMPATIBLE",
    # OpenBLAS, inside NumPy and SciPy.
    "OPENBLAS_CORETYPE": "Haswell",
    # Code that Numba compiles.
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+sse4.2,+avx2,+fma,+bmi,+bmi2,+lzcnt,+popcnt",
    # The order of a parallel sum depends on the number of threads: parallelism comes from processes.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # NumPy's AVX-512 loops of exp, log and pow differ from its AVX2 ones in the last bit.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    # cuBLAS is deterministic only with a fixed workspace.
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}

HEAVY = ("torch", "numpy", "scipy", "numba")


def apply() -> None:
    """Set the environment for the libraries that read it when they load.

    Raises:
        ImportError: one of them was loaded before, and has made its choice.
    """
    early = [name for name in HEAVY if name in sys.modules and not applied()]
    if early:
        raise ImportError(f"bakeoff.base.reproducible must be imported before {', '.join(early)}")
    os.environ.update(ENVIRONMENT)


def applied() -> bool:
    """Whether this process has the environment already."""
    return all(os.environ.get(name) == value for name, value in ENVIRONMENT.items())


apply()
