"""The process stays below --memory, measured from outside."""

import subprocess
import sys

import pytest

from conftest import BINARY

MIB = 1 << 20


# A small process between: a command's peak includes that of the process that it was forked from.
METER = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def peak_bytes(command):
    """Peak resident memory of a command, as the kernel counted it."""
    metered = [sys.executable, "-S", "-c", METER, *(str(word) for word in command)]
    done = subprocess.run(metered, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * 1024


@pytest.mark.parametrize("limit", [256, 400])
@pytest.mark.parametrize("order", ["tile", "auto"])
def test_stays_below_the_limit(program, items, limit, order):
    command = [BINARY, "composite", items, "-o", program.work / "out", "--progress", "none", "--threads", 2,
               "--resolution", 6, "--memory", f"{limit}MiB", "--order", order]  # fmt: skip
    assert peak_bytes(command) <= limit * MIB


def test_says_which_limit_would_do(program, items):
    done = program.run("composite", items, "-o", program.work / "out", "--memory", "60MiB", "--progress", "none")
    assert done.returncode == 4
    assert "MiB" in done.stderr or "GiB" in done.stderr
    assert not (program.work / "out").exists() or not list((program.work / "out").iterdir())
