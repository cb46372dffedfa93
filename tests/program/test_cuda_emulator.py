"""The stand-in for the CUDA runtime (tests/tools/cuda_emulator) sees what it is there for: each fault that a program is
asked to have is reported, and nothing where the same is done right.

CUBEMILL_CUDA_BIN names a program of the build with CUDA, CUBEMILL_CUDA_RUNTIME the stand-in; else this is left out.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

BINARY, RUNTIME = (os.environ.get(name, "") for name in ("CUBEMILL_CUDA_BIN", "CUBEMILL_CUDA_RUNTIME"))
REPORTED = 86
pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not (BINARY and RUNTIME), reason="CUBEMILL_CUDA_BIN or CUBEMILL_CUDA_RUNTIME is not set"),
]

FAULTS = {
    "out-of-bounds": "FAULT: invalid 4-byte global write at .* of 1024 bytes, offset 1024",
    "after-free": "FAULT: invalid 4-byte global write at .* FREED, offset 0",
    "uninitialised": "UNINIT.global.: read of uninitialised device memory at .* offset 1020",
    "missing-wait": "RACE.stream.: read of .* conflicts with a write by 'kernel .*fill.*not ordered",
    "blocks-race": "RACE.global.: .* by thread 31 of block 0 in the same launch; .* block .1,0,0. thread",
    "missing-barrier": "RACE.shared.: .* without a barrier between",
    "divergent-barrier": "DIVERGENT-BARRIER: ",
    "reused-pinned": "RACE.host.: ",
}


def run(fault, **variables):
    program = Path(BINARY).resolve().parents[2] / "tests" / "cuda_faults"
    environment = {**os.environ, "LD_PRELOAD": RUNTIME, "PTXEMU_EXIT": str(REPORTED), "PTXEMU_QUIET": "1", **variables}
    return subprocess.run([program, fault], env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_stand_in_reports_each_fault(fault):
    done = run(fault)
    assert done.returncode == REPORTED, done.stderr
    assert re.search(FAULTS[fault], done.stderr), done.stderr


@pytest.mark.parametrize("order", ["seq", "random"])
def test_what_is_right_is_not_reported(order):
    done = run("none", PTXEMU_SCHED=order)
    assert (done.returncode, done.stderr) == (0, "")


def test_counts_what_is_executed():
    """`bench/gpu_floor.py` works out from it what a kernel costs at least."""
    done = run("none", PTXEMU_MIX="1")
    counts = dict(re.findall(r"^ptxemu mix: (\S+) (\d+)$", done.stderr, re.MULTILINE))
    assert done.returncode == 0, done.stderr
    assert int(counts["st.u32"]) > 0 and int(counts["ret.none"]) > 0, counts
