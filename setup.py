"""Compile the kernels, where there is a compiler; without one the NumPy twins serve."""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup

try:
    from Cython.Build import cythonize
except ImportError:  # the install then goes on without kernels
    cythonize = None

# No fused multiply-add: an IoU must have the same bits on every processor.
COMPILE = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-w"]


def kernels() -> list[Extension]:
    """Return one optional extension for each Cython source of `evaluation`."""
    if cythonize is None:
        return []
    sources = sorted(Path("evaluation").glob("*.pyx"))
    extensions = [
        Extension(
            f"evaluation.{source.stem}",
            [str(source)],
            extra_compile_args=COMPILE,
        )
        for source in sources
    ]
    compiled: list[Extension] = cythonize(
        extensions,
        build_dir="build/cython",
        language_level=3,
        compiler_directives={
            "boundscheck": False,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": False,
            "freethreading_compatible": True,
        },
    )
    for extension in compiled:
        extension.optional = True  # cythonize forgets it
    return compiled


setup(ext_modules=kernels(), options={"build_ext": {"parallel": os.cpu_count() or 1}})
