"""Disks and memory that fail while sums are spilled: one clear line, nothing half-done, and the same result once the
cause is gone."""

import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

import failio
import pytest

from conftest import Program
from small_runs import (
    ALWAYS, GRID, MIB, NEVER, command, composite, go_on, mounted, nothing_in, one_error, result, sample, small_disk,
    spilling, staging, stopped,
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(items, tmp_path_factory):
    return result(Program(tmp_path_factory.mktemp("whole")).composite(items, *GRID))


@pytest.fixture
def words(program, items):
    return spilling(program, items, *GRID)


@pytest.fixture
def spill(tmp_path):
    folder = tmp_path / "spill"
    folder.mkdir()
    return folder


@pytest.fixture
def unreadable(copy_of_archive):
    """A catalog whose pixels nobody can read: only what is refused before says something else."""
    for feature in json.loads((copy_of_archive / "items.json").read_text())["features"]:
        for asset in feature["assets"].values():
            path = copy_of_archive / asset["href"]
            if path.suffix == ".TIF":
                os.truncate(path, path.stat().st_size // 2)
    return copy_of_archive / "items.json"


def failed(done, code, *says):
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
    line = one_error(done)
    for word in says:
        assert str(word) in line, f"'{word}' is not said: {line}"


def nothing_final(out):
    """Whether nothing of a result is in the folder; a checkpoint may be, in its hidden folder."""
    return not out.exists() or all(path.name.startswith(".cubemill-") for path in out.iterdir())


def check_whole_after(program, catalog, whole, words, out="out"):
    """What a run left, if anything, is gone on with."""
    done = composite(program, catalog, *words, "--resume", out=out)
    assert done.returncode == 0, done.stderr
    assert result(program.work / out) == whole


# ---------------------------------------------------------------- no room


def test_a_spill_disk_too_small_is_refused_before_a_pixel_is_read(program, items, unreadable, whole, words):
    with small_disk(program.work / "disk", "size=4m") as disk:
        done = composite(program, unreadable, *words, *NEVER, "--spill-dir", disk)
        failed(done, 3, disk, "bytes", 4 * MIB, "are free", "--spill-dir", "--memory")
        assert nothing_in(disk) and not (program.work / "out").exists()
        subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
        assert result(program.composite(items, *words, *NEVER, "--spill-dir", disk)) == whole
        assert nothing_in(disk)


def test_a_spill_disk_without_inodes_is_refused(program, items, unreadable, whole, words):
    with small_disk(program.work / "disk", "size=100m,nr_inodes=1") as disk:
        failed(composite(program, unreadable, *words, "--spill-dir", disk), 3, disk, "inode")
        subprocess.run(["mount", "-o", "remount,nr_inodes=10", disk], check=True)
        assert result(program.composite(items, *words, "--spill-dir", disk)) == whole


def test_a_spill_disk_that_is_read_only_is_refused(program, items, unreadable, whole, words, spill):
    with mounted(spill, "--bind", spill):
        subprocess.run(["mount", "-o", "remount,bind,ro", spill], check=True)
        failed(composite(program, unreadable, *words, "--spill-dir", spill), 3, spill, "Read-only")
    assert result(program.composite(items, *words, "--spill-dir", spill)) == whole


def test_a_spill_folder_that_is_absent_is_refused(program, unreadable, words):
    absent = program.work / "absent"
    failed(composite(program, unreadable, *words, "--spill-dir", absent), 3, absent)
    assert nothing_in(program.work / "out")


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("number", sample(range(1, 40, 2), [3, 12]))
def test_a_spill_disk_that_fills_up_ends_the_run_cleanly(program, items, library, whole, words, spill, number, once):
    faults = {"path": ".spill", "write": number, **({"once": 1} if once else {})}
    words = [*words, *NEVER, "--spill-dir", spill]
    done = composite(program, items, *words, env=failio.environment(library, **faults))
    failed(done, 3, spill, "bytes needed", "bytes are free")
    assert nothing_in(spill) and not (program.work / "out").exists()
    check_whole_after(program, items, whole, words)


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("number", sample(range(1, 120, 4), [9, 50]))
def test_a_disk_that_fills_up_costs_no_finished_work(program, items, library, whole, words, spill, number, once):
    """Whatever write it is: the run ends with an error, or without a checkpoint, never with another result."""
    faults = {"path": "/.cubemill-", "write": number, **({"once": 1} if once else {})}
    words = [*words, *ALWAYS, "--spill-dir", spill]
    done = composite(program, items, *words, env=failio.environment(library, unsynced=1, **faults))
    if done.returncode == 0:
        told = [line for line in done.stderr.splitlines() if "no checkpoint can be kept" in line]
        assert len(told) == 1 or (not told and number > 60), "it has not so many writes"
        assert result(program.work / "out") == whole
    else:
        failed(done, 3, "No space left")
        assert nothing_final(program.work / "out")
        check_whole_after(program, items, whole, words)
    assert nothing_in(spill)


@pytest.mark.parametrize("size", sample(["100k", "400k", "1m", "1500k", "2m", "2500k"], ["400k", "1500k"]))
def test_an_output_disk_that_is_full_is_gone_on_with_when_there_is_room(program, items, whole, words, spill, size):
    words = [*words, *ALWAYS, "--spill-dir", spill]
    with small_disk(program.work / "disk", f"size={size}") as disk:
        done = composite(program, items, *words, out="disk/out")
        failed(done, 3, disk)
        assert nothing_final(disk / "out")
        subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
        check_whole_after(program, items, whole, words, out="disk/out")
    assert nothing_in(spill)


def test_a_limit_on_files_is_a_full_disk(program, items, whole, words, spill):
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5 * MIB, 5 * MIB))}
    done = composite(program, items, *words, *NEVER, "--spill-dir", spill, **limited)
    failed(done, 3, spill, "ulimit -f")
    assert nothing_in(spill) and not (program.work / "out").exists()
    check_whole_after(program, items, whole, words)


def without_pictures(files):
    """Pictures are drawn without their texts where the system's fonts cannot be opened."""
    return {name: content for name, content in files.items() if not name.endswith(".png")}


@pytest.mark.parametrize("files", sample(range(8, 64, 4), [12, 28]))
def test_a_limit_on_open_files_is_an_error_or_enough(program, items, whole, words, spill, files):
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))}
    done = composite(program, items, *words, *NEVER, "--spill-dir", spill, **limited)
    if done.returncode == 0:
        assert without_pictures(result(program.work / "out")) == without_pictures(whole)
    else:
        failed(done, 3)
        assert not (program.work / "out").exists()
    assert nothing_in(spill)


# ---------------------------------------------------------------- disks that break


@pytest.mark.parametrize("faults", [{"short": 3}, {"short": 20}, {"short_read": 2}])
def test_what_is_written_or_read_in_halves_is_whole(program, items, library, whole, words, spill, faults):
    environment = failio.environment(library, path="cubemill-", unsynced=1, **faults)
    done = composite(program, items, *words, *ALWAYS, "--spill-dir", spill, env=environment)
    assert done.returncode == 0, done.stderr
    assert result(program.work / "out") == whole


@pytest.mark.parametrize("number", sample(range(1, 60, 4), [2, 30]))
def test_sums_that_cannot_be_read_back_end_the_run(program, items, library, whole, words, spill, number):
    words = [*words, *ALWAYS, "--spill-dir", spill]
    environment = failio.environment(library, path=".spill", read=number, unsynced=1)
    failed(composite(program, items, *words, env=environment), 3, spill, "Input/output error")
    assert nothing_final(program.work / "out")
    check_whole_after(program, items, whole, words)
    assert nothing_in(spill)


def flip_all(path):
    """A byte of every page but those of the header, which is another matter."""
    with open(path, "r+b") as file:
        for at in range(8192, os.path.getsize(path), 4096):
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("checkpoints", [NEVER, ALWAYS])
def test_sums_that_somebody_changes_are_never_added(program, items, library, whole, words, spill, checkpoints):
    words = [*words, *checkpoints, "--spill-dir", spill]
    environment = failio.environment(library, path=".spill", read=3, unsynced=1)
    with stopped(command(items, program.work / "out", *words), environment) as run:
        (path,) = spill.iterdir()
        flip_all(path)
        done = go_on(run)
    failed(done, 3, path, "not those that were written")
    assert nothing_final(program.work / "out")
    assert checkpoints is ALWAYS or nothing_in(spill)
    check_whole_after(program, items, whole, words)
    assert nothing_in(spill)


@pytest.mark.parametrize("checkpoints", [NEVER, ALWAYS])
def test_a_spill_folder_that_is_removed_costs_checkpoints_only(
    program, items, library, whole, words, spill, checkpoints
):
    words = [*words, *checkpoints, "--spill-dir", spill]
    environment = failio.environment(library, path=".spill", write=8, unsynced=1)
    with stopped(command(items, program.work / "out", *words), environment) as run:
        shutil.rmtree(spill)
        done = go_on(run)
    assert done.returncode == 0, done.stderr
    assert ("no checkpoint can be kept" in done.stderr) == (checkpoints is ALWAYS)
    assert result(program.work / "out") == whole


def test_a_staging_folder_that_is_removed_ends_the_run(program, items, library, words):
    out = program.work / "out"
    environment = failio.environment(library, path=".spill", write=8)
    with stopped(command(items, out, *words, *NEVER), environment) as run:
        shutil.rmtree(staging(out))
        failed(go_on(run), 3, out)
    assert nothing_in(out)


FSYNCS = [("checkpoint.json", 1), ("checkpoint.json", 9), (".spill", 1), (".spill", 20), (".spool", 5)]


@pytest.mark.parametrize("path,number", sample(FSYNCS, FSYNCS[1:4]))
def test_what_cannot_be_stored_costs_checkpoints_only(program, items, library, whole, words, spill, path, number):
    words = [*words, *ALWAYS, "--spill-dir", spill]
    done = composite(program, items, *words, env=failio.environment(library, path=path, fsync=number))
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stderr.splitlines() if "no checkpoint can be kept" in line]) == 1
    assert result(program.work / "out") == whole
    assert nothing_in(spill)


@pytest.mark.parametrize("number", [1, 3])
def test_a_name_that_cannot_be_given_ends_the_run(program, items, library, whole, words, number):
    """The first: nothing has its name. A later one: the others may have, and are whole."""
    environment = failio.environment(library, path="out/ndvi", rename=number, unsynced=1)
    failed(composite(program, items, *words, *ALWAYS, env=environment), 3, "cannot be put in place")
    out = program.work / "out"
    assert number > 1 or nothing_final(out)
    for path in out.glob("ndvi*"):
        assert path.read_bytes() == whole[path.name]
    check_whole_after(program, items, whole, words)


def test_a_device_is_no_output_folder(program, items, words):
    failed(composite(program, items, *words, out="/dev/full"), 2, "/dev/full")


# ---------------------------------------------------------------- memory


def error_or_whole(program, done, whole, spill):
    if done.returncode == 0:
        assert result(program.work / "out") == whole
    else:
        assert done.returncode in (3, 4), f"exit {done.returncode}: {done.stderr}"
        one_error(done)
        assert not (program.work / "out").exists()
    assert nothing_in(spill)


@pytest.mark.parametrize("size", [1 << 20, 1 << 17])
@pytest.mark.parametrize("number", sample(range(1, 51), [1, 8, 24]))
def test_an_allocation_that_fails_is_an_error_or_goes_unnoticed(
    program, items, library, whole, words, spill, size, number
):
    environment = failio.environment(library, malloc=f"{size}:{number}")
    words = [*words, *NEVER, "--spill-dir", spill]
    done = composite(program, items, *words, env=environment, timeout=60)
    error_or_whole(program, done, whole, spill)


@pytest.mark.parametrize("limit", sample(range(100, 500, 20), [200, 260, 320]))
def test_a_limit_on_addresses_is_an_error_or_enough(program, items, whole, words, spill, limit):
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (limit * MIB, limit * MIB))}
    done = composite(program, items, *words, *NEVER, "--spill-dir", spill, timeout=60, **limited)
    if done.returncode == 127:
        pytest.skip(f"within {limit} MiB of addresses the loader cannot map the libraries: the program never starts")
    error_or_whole(program, done, whole, spill)


class ControlGroup:
    """A group of processes with a limit on memory, below this process's own; of either version."""

    def __init__(self, name):
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        own = {fields[1]: fields[2].strip("/") for fields in (line.split(":", 2) for line in lines)}
        version_1 = Path("/sys/fs/cgroup/memory") / own.get("memory", "")
        version_2 = Path("/sys/fs/cgroup") / own.get("", "")
        self.old = (version_1 / "memory.limit_in_bytes").exists()
        self.path = (version_1 if self.old else version_2) / name

    def __enter__(self):
        try:
            self.path.mkdir()
        except OSError as error:
            pytest.skip(f"no control group can be made here: {error}")
        if not self.old and not (self.path / "memory.max").exists():
            self.path.rmdir()
            pytest.skip("control groups limit no memory here")
        return self

    def __exit__(self, *_):
        self.path.rmdir()

    def limit(self, size):
        (self.path / ("memory.limit_in_bytes" if self.old else "memory.max")).write_text(str(size))

    def join(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def killed(self):
        events = self.path / ("memory.oom_control" if self.old else "memory.events")
        return int(dict(line.split() for line in events.read_text().splitlines())["oom_kill"])


def test_a_control_group_limits_a_run_that_has_no_limit_of_its_own(program, items, whole, words):
    least = int(words[-1].removesuffix("MiB"))
    unlimited = words[:-2]
    with ControlGroup(f"cubemill-test-{os.getpid()}") as group:
        for size in (least // 2, 4 * least):
            group.limit(size * MIB)
            done = composite(program, items, *unlimited, preexec_fn=group.join)
            assert group.killed() == 0, "the kernel ended it"
            if size < least:
                failed(done, 4, "--memory")
            else:
                assert done.returncode == 0, done.stderr
                assert result(program.work / "out") == whole
