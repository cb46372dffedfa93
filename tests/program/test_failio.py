"""The library that lets calls fail does so, for the call and the file that it is told, and for no other."""

import os
import signal
import subprocess
import sys
import time

import failio
import pytest

# Calls its way through a file, and says what happened to each.
CALLS = """
import os, sys
def said(name, call):
    try:
        result = call()
        print(name, result if isinstance(result, int) else len(result or b""))
    except OSError as error:
        print(name, os.strerror(error.errno))
        return None
    return result
path = sys.argv[1]
fd = said("open", lambda: os.open(path, os.O_RDWR | os.O_CREAT))
if fd is not None:
    for _ in range(3):
        said("write", lambda: os.pwrite(fd, b"12345678", 0))
    for _ in range(3):
        said("read", lambda: os.pread(fd, 8, 0))
    said("fsync", lambda: os.fsync(fd))
    said("fdatasync", lambda: os.fdatasync(fd))
    said("rename", lambda: os.rename(path, path + "2"))
"""
SOUND = ["write 8", "write 8", "write 8", "read 8", "read 8", "read 8", "fsync 0", "fdatasync 0", "rename 0"]


def calls(library, file, **faults):
    env = failio.environment(library, **faults)
    done = subprocess.run([sys.executable, "-c", CALLS, file], env=env, capture_output=True, text=True)
    return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith("open 3")], done.stderr


FULL, BROKEN = "No space left on device", "Input/output error"


@pytest.mark.parametrize(
    "faults, changed",
    [
        ({}, {}),
        ({"write": 2}, {1: f"write {FULL}", 2: f"write {FULL}"}),
        ({"write": "2:EDQUOT", "once": 1}, {1: "write Disk quota exceeded"}),
        ({"write": "2:EINTR", "once": 1}, {}),  # which Python tries again
        ({"short": 3}, {2: "write 4"}),
        ({"read": 3}, {5: f"read {BROKEN}"}),
        ({"short_read": 1}, {3: "read 4"}),
        ({"fsync": 1}, {6: f"fsync {BROKEN}", 7: f"fdatasync {BROKEN}"}),
        ({"fsync": "2:ENOSPC"}, {7: f"fdatasync {FULL}"}),
        ({"rename": "1:EROFS"}, {8: "rename Read-only file system"}),
    ],
)
def test_fails_the_calls_that_it_is_told(library, tmp_path, faults, changed):
    code, lines, _ = calls(library, tmp_path / "a.spill", path=".spill", **faults)
    assert (code, lines) == (0, [changed.get(i, line) for i, line in enumerate(SOUND)])


def test_leaves_other_files_alone(library, tmp_path):
    assert calls(library, tmp_path / "a.tif", path=".spill", write=1, read=1, open=1)[1] == SOUND


def test_fails_an_open(library, tmp_path):
    assert calls(library, tmp_path / "a.spill", path=".spill", open=1)[1] == ["open Too many open files"]


def test_kills_at_the_call(library, tmp_path):
    assert calls(library, tmp_path / "a.spill", path=".spill", write=2, kill=1)[0] == -9


def test_stops_before_the_call_and_goes_on(library, tmp_path):
    env = failio.environment(library, path=".spill", write=2, stop=1)
    process = subprocess.Popen([sys.executable, "-c", CALLS, tmp_path / "a.spill"], env=env, stdout=subprocess.PIPE)
    state = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert state.si_code == os.CLD_STOPPED
    process.send_signal(signal.SIGCONT)
    assert process.communicate()[0].decode().splitlines()[1:] == SOUND


def test_delays_every_read(library, tmp_path):
    begin = time.monotonic()
    assert calls(library, tmp_path / "a.spill", path=".spill", read_delay_ms=400)[1] == SOUND
    assert time.monotonic() - begin >= 3 * 0.4


def test_denies_memory(library):
    command = [sys.executable, "-c", "bytearray(64 << 20)"]
    assert subprocess.run(command, env=failio.environment(library, malloc="99999999:1")).returncode == 0
    done = subprocess.run(command, env=failio.environment(library, malloc="60000000:1"), capture_output=True, text=True)
    assert "MemoryError" in done.stderr


@pytest.mark.parametrize("faults", [{"write": "5:EWHAT", "path": "x"}, {"write": "often", "path": "x"}, {"write": 1},
                                    {"read_delay_ms": "long", "path": "x"}])
def test_refuses_what_it_does_not_understand(library, tmp_path, faults):
    code, _, text = calls(library, tmp_path / "a.spill", **faults)
    assert code == 125 and "is not understood" in text
