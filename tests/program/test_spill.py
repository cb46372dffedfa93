"""Sums that memory has no room for go to a disk and come back: no bit changes, and nothing is left there."""

import json
import os
import re
from pathlib import Path

import failio
import pytest

from small_runs import (
    ALWAYS, GRID, MIB, NEVER, command, composite, go_on, nothing_in, one_error, report, result, sample, small_disk,
    spilling, staging, stopped,
)  # fmt: skip
from test_memory import peak_bytes

SUMS = {"packed": [], "wide": ["--valid-range", "none"], "of a band": ["--index", "red=red", "--reduce", "mean"]}
VARIATIONS = [(name, threads, more) for name in SUMS for threads in (1, 2) for more in (2, 8, 16)]
SAMPLE = [("packed", 1, 2), ("packed", 2, 8), ("wide", 2, 2), ("of a band", 1, 2)]


@pytest.fixture
def spill(tmp_path):
    folder = tmp_path / "spill"
    folder.mkdir()
    return folder


def spill_files(folder):
    return list(folder.glob("cubemill-*.spill"))


@pytest.mark.parametrize("sums,threads,more", sample(VARIATIONS, SAMPLE))
def test_spilled_sums_change_no_bit(program, items, spill, sums, threads, more):
    words = [*GRID, *SUMS[sums]]
    whole = program.composite(items, *words, *NEVER, out="whole")
    assert set(report(whole)["spill"].values()) == {0}
    small = program.composite(
        items, *spilling(program, items, *words, threads=threads, more=more), *NEVER, "--spill-dir", spill, out="small"
    )
    assert result(small) == result(whole)
    seen = report(small)["spill"]
    assert seen["bytes_read"] == seen["bytes_written"] > 0, "what was spilled comes back, once"
    assert 0 < seen["disk_peak_bytes"] <= seen["bytes_written"]
    assert seen["moved_to_host_bytes"] == 0, "sums of the CPU are on the host"
    assert nothing_in(spill)


def test_wide_sums_are_spilled_in_full(program, items):
    """18 bytes a pixel instead of 8: a run that spilled half of them would spill less than twice as much."""
    peak = {}
    for sums in ("packed", "wide"):
        words = spilling(program, items, *GRID, "--reduce", "count", *SUMS[sums])
        peak[sums] = report(program.composite(items, *words, *NEVER, out=sums))["spill"]["disk_peak_bytes"]
    assert peak["wide"] >= 2 * peak["packed"] > 0


def test_stays_below_the_limit_while_it_spills(program, items):
    words = spilling(program, items, *GRID)
    limit = int(words[-1].removesuffix("MiB"))
    assert peak_bytes(command(items, program.work / "out", *words, *ALWAYS)) <= limit * MIB


def test_spills_beside_the_output_unless_told_otherwise(program, items, library, spill):
    words = [*spilling(program, items, *GRID), *NEVER]
    environment = failio.environment(library, path=".spill", write=3)
    out = program.work / "out"
    with stopped(command(items, out, *words), environment) as run:
        assert len(spill_files(staging(out))) == 1
        assert go_on(run).returncode == 0
    elsewhere = program.work / "elsewhere"
    with stopped(command(items, elsewhere, *words, "--spill-dir", spill), environment) as run:
        assert len(spill_files(spill)) == 1 and not spill_files(staging(elsewhere))
        assert go_on(run).returncode == 0
    assert nothing_in(spill)
    assert result(elsewhere) == result(out)


def spoil(archive):
    """Breaks the pixels, not the header, of a scene in the middle."""
    features = json.loads((archive / "items.json").read_text())["features"]
    path = archive / features[len(features) // 2]["assets"]["red"]["href"]
    os.truncate(path, path.stat().st_size * 3 // 4)
    return path.name


@pytest.mark.parametrize("checkpoints", [NEVER, ALWAYS])
def test_a_failure_leaves_nothing_that_no_checkpoint_needs(program, copy_of_archive, spill, checkpoints):
    name = spoil(copy_of_archive)
    catalog = copy_of_archive / "items.json"
    done = composite(program, catalog, *spilling(program, catalog, *GRID), *checkpoints, "--spill-dir", spill)
    assert done.returncode == 3 and name in one_error(done)
    if checkpoints is NEVER:
        assert nothing_in(spill) and not (program.work / "out").exists()
        return
    assert len(spill_files(spill)) == 1
    assert "--resume" in done.stderr
    assert composite(program, catalog, *GRID, "--overwrite", "--on-error", "skip", "--spill-dir", spill).returncode == 6
    assert nothing_in(spill), "what --overwrite drops is of no use to anybody"


def needed_on_disk(line):
    return int(re.search(r"(\d+) bytes", line)[1])


@pytest.mark.parametrize("checkpoints", [NEVER, ALWAYS])
def test_a_spill_limit_is_refused_before_a_pixel_is_read_and_what_it_names_is_enough(
    program, items, copy_of_archive, spill, checkpoints
):
    words = [*spilling(program, items, *GRID), *checkpoints, "--spill-dir", spill]
    spoil(copy_of_archive)  # whoever reads pixels finds it out
    refused = composite(program, copy_of_archive / "items.json", *words, "--spill-limit", "3MiB")
    assert refused.returncode == 4
    line = one_error(refused)
    assert "--spill-limit" in line and str(3 * MIB) in line
    assert nothing_in(spill) and not (program.work / "out").exists()
    enough = program.composite(items, *words, "--spill-limit", needed_on_disk(line))
    assert 3 * MIB < report(enough)["spill"]["disk_peak_bytes"] <= needed_on_disk(line)
    assert nothing_in(spill)
    assert result(enough) == result(program.composite(items, *GRID, out="whole"))


def test_two_runs_share_a_spill_folder(program, items, library, spill):
    """The second cleans up in the folder, and takes nothing from the first."""
    words = [*spilling(program, items, *GRID), *NEVER, "--spill-dir", spill]
    environment = failio.environment(library, path=".spill", write=10)
    with stopped(command(items, program.work / "first", *words), environment) as first:
        files = spill_files(spill)
        program.composite(items, *words, out="second")
        assert spill_files(spill) == files and len(files) == 1
        done = go_on(first)
        assert done.returncode == 0, done.stderr
    assert result(program.work / "first") == result(program.work / "second")
    assert nothing_in(spill)


def test_what_a_killed_run_spilled_is_cleaned_up_by_the_next(program, items, library, spill):
    words = [*spilling(program, items, *GRID), *NEVER, "--spill-dir", spill]
    environment = failio.environment(library, path=".spill", write=10, kill=1)
    assert composite(program, items, *words, env=environment).returncode == -9
    assert len(spill_files(spill)) == 1
    out = program.composite(items, *words)  # its staging folder goes without a word, and the spill file with it
    assert nothing_in(spill)
    assert result(out) == result(program.composite(items, *GRID, out="whole"))


def test_a_spill_folder_in_memory_is_noted(program, items):
    words = spilling(program, items, *GRID)
    with small_disk(program.work / "ram", "size=200m") as ram:
        done = composite(program, items, *words, "--spill-dir", ram)
        assert done.returncode == 0
        assert [line for line in done.stderr.splitlines() if str(ram) in line and "memory" in line]
        assert nothing_in(ram)


def test_an_output_in_memory_is_not_spilled_beside(program, items, library):
    words = [*spilling(program, items, *GRID), *NEVER]
    with small_disk(program.work / "ram", "size=200m") as ram:
        with stopped(command(items, ram / "out", *words), failio.environment(library, path=".spill", write=3)) as run:
            opened = [os.readlink(fd) for fd in Path(f"/proc/{run.pid}/fd").iterdir()]
            (path,) = [name for name in opened if name.endswith(".spill")]
            if not path.startswith("/var/tmp/"):
                pytest.skip("/var/tmp lies in memory, too")
            assert go_on(run).returncode == 0
        assert not Path(path).exists()
