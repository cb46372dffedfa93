"""Small runs that spill, are cut short and go on: what the tests of spilling, resuming and failing disks share."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time

import pytest

from conftest import BINARY, TIMEOUT

EVERY = "CUBEMILL_EVERY_FAULT" in os.environ  # every member of a sweep, instead of a sample
GRID = ["--resolution", 12, "--period", "all", "--compress", "lzw"]  # 9 tiles, each in every observation
ALWAYS = ["--checkpoint", 0.000001]  # a checkpoint after every fold
NEVER = ["--checkpoint", 0]
MIB = 1 << 20


def sample(values, few):
    """All of a sweep, or a few of them."""
    return list(values) if EVERY else few


def command(catalog, out, *words):
    return [str(w) for w in (BINARY, "composite", catalog, "-o", out, "--progress", "none", *words)]


def composite(program, catalog, *words, out="out", **options):
    """Runs `composite`, whatever comes of it; returns the finished process."""
    return program.run(*command(catalog, program.work / out, *words)[1:], **options)


def least_memory(program, catalog, *words):
    """What the program says that it needs at least, in MiB."""
    done = composite(program, catalog, *words, "--memory", "1MiB", out="never")
    assert done.returncode == 4, done.stderr
    return int(re.search(r"(\d+) MiB needed", done.stderr)[1])


def spilling(program, catalog, *words, threads=1, more=6):
    """The words, and those with which the run goes scene by scene through too little memory."""
    words = ["--order", "scene", "--threads", threads, *words]
    return [*words, "--memory", f"{least_memory(program, catalog, *words) + more}MiB"]


def demo_bucket(tmp_path_factory, **archive):
    """A folder of buckets; `demo` holds an archive of `cubemill demo` (scenes, size, seed) under c/."""
    root = tmp_path_factory.mktemp("buckets")
    add_archive(root / "demo/c", **archive)
    return root


def add_archive(folder, **archive):
    words = [str(word) for name, value in archive.items() for word in (f"--{name}", value)]
    subprocess.run([str(BINARY), "demo", str(folder), "--quiet", *words], check=True, stdout=subprocess.DEVNULL)


def report(directory):
    return json.loads((directory / "report.json").read_text())


def result(directory):
    """Name -> bytes of everything that must be equal; report.json tells of times and limits."""
    names = {path.name for path in directory.iterdir()}
    assert {"item.json", "report.json"} < names and not [name for name in names if name.startswith(".")], names
    return {name: (directory / name).read_bytes() for name in names - {"report.json"}}


def staging(out):
    """The hidden folder of the one run that is writing, or was, into an output folder."""
    (folder,) = out.glob(".cubemill-*")
    return folder


def nothing_in(folder):
    return not folder.exists() or not list(folder.iterdir())


def one_error(done):
    """The one line that says what is wrong; beside it only what the program always says in passing, and that --resume
    goes on."""
    lines = done.stderr.strip().splitlines()
    errors = [line for line in lines if line.startswith("cubemill: error: ")]
    assert len(errors) == 1, done.stderr
    assert lines[-1] == errors[0], done.stderr
    return errors[0]


def wait_for(condition, process):
    """Waits until something is so; fails when the process ends before."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert process.poll() is None, f"ended with {process.returncode}: {process.stderr.read()}"
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


@contextlib.contextmanager
def running(words, **options):
    """A process that runs in the background, and has ended afterwards."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def stopped(words, environment):
    """A process that has stopped itself (FAILIO_STOP) and waits for go_on, an interrupt or its end."""
    with running(words, env={**environment, "FAILIO_STOP": "1"}) as process:
        state = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if state.si_code != os.CLD_STOPPED:
            pytest.fail(f"did not stop: {process.communicate()[1]}")
        yield process


def go_on(process):
    """Lets a stopped process run to its end; returns it as `run` does."""
    process.send_signal(signal.SIGCONT)
    stdout, stderr = process.communicate(timeout=TIMEOUT)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@contextlib.contextmanager
def mounted(folder, *options):
    """A mount for as long as the test lasts; skips where a test may not."""
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a disk")
    done = subprocess.run(["mount", *map(str, options), str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this machine does not let a test mount a disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def small_disk(folder, options):
    return mounted(folder, "-t", "tmpfs", "-o", options, "tmpfs")
