"""The install compiles the kernels where there is a compiler, and succeeds without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build(folder: Path, *, compiler: str) -> list[str]:
    """Build one small kernel in a folder of its own; the names of what came out."""
    (folder / "evaluation").mkdir()
    shutil.copy(ROOT / "setup.py", folder)
    (folder / "evaluation" / "_sum.pyx").write_text("def add(int a, int b):\n    return a + b\n")
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=folder,
        env={**os.environ, "CC": compiler},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [path.name.split(".")[0] for path in (folder / "evaluation").glob("_sum.*.so")]


def test_build__without_a_compiler_succeeds_without_kernels(tmp_path: Path) -> None:
    assert build(tmp_path, compiler="/bin/false") == []


def test_build__with_a_compiler_makes_the_kernel(tmp_path: Path) -> None:
    has_compiler = shutil.which("cc") is not None
    assert build(tmp_path, compiler="cc") == ["_sum"] * has_compiler
