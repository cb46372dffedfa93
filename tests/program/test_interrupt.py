"""An interrupt ends the program within two seconds and leaves nothing, even while a read blocks."""

import json
import os
import signal
import subprocess
import time

import pytest

from conftest import BINARY


def start(catalog, out):
    command = [str(BINARY), "composite", str(catalog), "-o", str(out), "--progress", "none", "--resolution", "4"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def interrupt(process, after, with_signal=signal.SIGINT):
    """Sends the signal; returns (exit code, seconds until the end)."""
    time.sleep(after)
    process.send_signal(with_signal)
    sent = time.monotonic()
    try:
        process.communicate(timeout=30)
    finally:
        process.kill()
    return process.returncode, time.monotonic() - sent


def nothing_left(out):
    return not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize("with_signal,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("after", [0.1, 0.3, 0.6])
def test_a_run_ends_at_once_and_leaves_nothing(program, items, with_signal, code, after):
    out = program.work / "out"
    returned, seconds = interrupt(start(items, out), after, with_signal)
    if returned == 0:  # it was quicker
        assert (out / "ndvi_mean.tif").exists()
        return
    assert returned in (code, -with_signal), "either by itself or, before main began, by the system"
    assert seconds < 2
    assert nothing_left(out)


@pytest.mark.parametrize("role", ["red", "qa_pixel"])
def test_a_read_that_blocks_holds_nothing_up(program, copy_of_archive, role):
    """A pipe that nobody writes to blocks whoever opens it, as a dead network file system does."""
    catalog = copy_of_archive / "items.json"
    feature = json.loads(catalog.read_text())["features"][5]
    raster = copy_of_archive / feature["assets"][role]["href"]
    raster.unlink()
    os.mkfifo(raster)
    out = program.work / "out"
    returned, seconds = interrupt(start(catalog, out), 1.5)
    assert returned == 130 and seconds < 2
    assert nothing_left(out)
