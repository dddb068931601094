"""Environment variables that make results bitwise equal on all x86-64 processors. Import this before torch or NumPy.

Numerical libraries select code for the processor, and different code rounds differently. Each line below fixes one such
selection to code that every processor with AVX2 can run. It was tested under emulation of Intel Haswell and AMD Rome.
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
        ImportError: one of them is loaded already, and has selected its code.
    """
    early = [name for name in HEAVY if name in sys.modules and not applied()]
    if early:
        raise ImportError(f"bakeoff.base.reproducible must be imported before {', '.join(early)}")
    os.environ.update(ENVIRONMENT)


def applied() -> bool:
    """Return whether the variables are set in this process."""
    return all(os.environ.get(name) == value for name, value in ENVIRONMENT.items())


apply()
