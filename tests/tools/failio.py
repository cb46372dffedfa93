"""Builds failio.c, and makes the environment in which a program's calls fail as its head describes."""

import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("failio.c")


def build(folder):
    """Compiles the library into a folder; returns its path."""
    library = Path(folder) / "libfailio.so"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)
    return library


def environment(library, **faults):
    """The variables of this process and those of the faults: path=".spill", write="5:ENOSPC", once=1."""
    named = {f"FAILIO_{name.upper()}": str(value) for name, value in faults.items()}
    return {**os.environ, "LD_PRELOAD": str(library), **named}
