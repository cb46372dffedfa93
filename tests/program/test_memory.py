"""The process stays below --memory, measured from outside."""

import os
import subprocess

import pytest

from conftest import BINARY

MIB = 1 << 20


def peak_bytes(command):
    """Peak resident memory of a command, as the kernel counted it."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.stderr.read()
    return usage.ru_maxrss * 1024


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
