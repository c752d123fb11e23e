"""Compiled kernels where the install could build them; their NumPy twins serve elsewhere."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def kernel(name: str) -> ModuleType:
    """Give a kernel: compiled, or its NumPy twin of the same functions.

    The environment variable `CURATION_KERNEL=numpy` chooses the twins.

    Args:
        name: Module name without its underscore, such as "kernel" for `evaluation/_kernel.pyx`.

    Example:
        >>> kernel("kernel").__name__ in {"evaluation._kernel", "evaluation._kernel_numpy"}
        True
    """
    if os.environ.get("CURATION_KERNEL") != "numpy":
        try:
            return importlib.import_module(f"evaluation._{name}")
        except ModuleNotFoundError:  # no compiler when this was installed
            pass
    return importlib.import_module(f"evaluation._{name}_numpy")


def threads() -> int:
    """Say how many threads a kernel may use: the processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
