"""A run that was cut short, at whatever moment, goes on where its last checkpoint was, to the same bytes."""

import json
import os
import shutil
import signal
import time

import failio
import pytest

from conftest import Program
from small_runs import (
    ALWAYS, GRID, NEVER, command, composite, go_on, nothing_in, one_error, report, result, running, sample, spilling,
    staging, stopped, wait_for,
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(items, tmp_path_factory):
    """What a run that nobody cuts short makes."""
    return result(Program(tmp_path_factory.mktemp("whole")).composite(items, *GRID))


@pytest.fixture
def cut(program, items, library):
    """Runs until it is killed at a call; by default with a checkpoint after every fold."""

    def run(*words, catalog=items, checkpoint=ALWAYS, **faults):
        environment = failio.environment(library, unsynced=1, kill=1, **faults)
        done = composite(program, catalog, *words, *checkpoint, env=environment)
        assert done.returncode == -9, f"was not killed: {done.stderr}"
        return program.work / "out"

    return run


@pytest.fixture
def scene_order(program, items):
    return spilling(program, items, *GRID)


TILE_ORDER = [*GRID, "--order", "tile", "--threads", 1]
AT_CHECKPOINT = {"path": "checkpoint.json", "rename": 20}  # 19 are kept
AT_THE_FIFTH_TILE = {"path": "ndvi_mean.tif.spool", "write": 5}  # some are finished, all others have sums


def resumed(program, catalog, *words, expect=0):
    """Goes on; returns the output folder and what was said."""
    done = composite(program, catalog, *words, "--resume")
    assert done.returncode == expect, done.stderr
    return program.work / "out", done.stderr


# ---------------------------------------------------------------- killed


@pytest.mark.parametrize("order", ["tile", "scene"])
@pytest.mark.parametrize("number", sample(range(1, 200, 3), [2, 60]))
def test_killed_at_any_write_it_goes_on_to_the_same_bytes(program, items, library, whole, scene_order, order, number):
    words = [*(scene_order if order == "scene" else TILE_ORDER), *ALWAYS]
    environment = failio.environment(library, unsynced=1, path=".cubemill-", write=number, kill=1)
    done = composite(program, items, *words, env=environment)
    if done.returncode == 0:
        assert number > 100, "there are not so many writes"
        return
    assert done.returncode == -9, done.stderr
    assert result(resumed(program, items, *words)[0]) == whole


@pytest.mark.parametrize("with_spill_dir", [False, True])
def test_killed_again_and_again_it_goes_on_with_whatever_limits(program, items, library, whole, with_spill_dir):
    spill = program.work / "spill"
    spill.mkdir()
    limits = [spilling(program, items, *GRID), spilling(program, items, *GRID, threads=2, more=20)]
    limits.append([*GRID, "--order", "scene", "--threads", 2])
    environment = failio.environment(library, unsynced=1, path="checkpoint.json", rename=4, kill=1)
    kills = 0
    while True:
        words = [*limits[kills % 3], *ALWAYS, *(["--spill-dir", spill] if with_spill_dir else [])]
        done = composite(program, items, *words, "--resume", env=environment)
        if done.returncode != -9:
            break
        kills += 1
        assert kills < 30, "gets nowhere"
    assert done.returncode == 0, done.stderr
    assert kills >= 3
    assert result(program.work / "out") == whole
    assert report(program.work / "out")["resumed"]["chunks"] > 20
    assert nothing_in(spill)


LAST_MOMENTS = {
    "the pictures": {"path": "ndvi_mean.png", "open": 1},
    "the first file": {"path": "ndvi_mean.tif", "open": 2},  # the first is the spool
    "the second file": {"path": "ndvi_count.tif", "open": 2},
    "the item": {"path": "item.json", "open": 1},
    "the report": {"path": "report.json", "open": 1},
    "the first name": {"path": "out/ndvi", "rename": 1},
    "the second name": {"path": "out/ndvi", "rename": 2},
    "the last name": {"path": "out/report.json", "rename": 1},
}


@pytest.mark.parametrize("moment", sample(LAST_MOMENTS, ["the second file", "the second name"]))
def test_killed_when_all_is_read_it_reads_nothing_again(program, items, whole, cut, scene_order, moment):
    cut(*scene_order, **LAST_MOMENTS[moment])
    out, _ = resumed(program, items, *scene_order)
    assert result(out) == whole
    seen = report(out)
    assert seen["resumed"]["chunks"] > 0 and seen["resumed"]["damaged_tiles"] == 0
    assert seen["read"]["blocks_decoded"] == 0


@pytest.mark.parametrize("number", sample(range(2, 43, 5), [37]))
def test_only_what_came_after_the_last_checkpoint_is_done_again(program, items, whole, cut, scene_order, number):
    """A checkpoint is due whenever a chunk was folded."""
    cut(*scene_order, path="checkpoint.json", rename=number)
    out, _ = resumed(program, items, *scene_order)
    assert abs(report(out)["resumed"]["chunks"] - (number - 1)) <= 1
    assert result(out) == whole


@pytest.mark.parametrize("after", sample([k / 50 for k in range(20)], [0.1]))
def test_killed_from_outside_it_goes_on_to_the_same_bytes(program, items, whole, after):
    words = [*GRID, "--order", "scene", "--threads", 2, "--checkpoint", 0.02]
    with running(command(items, program.work / "out", *words)) as process:
        wait_for(lambda: list(program.work.glob("out/.cubemill-*/checkpoint.json")), process)
        time.sleep(after)  # the moment of the kill, not a wait for something
    assert result(resumed(program, items, *words, "--overwrite")[0]) == whole


# ---------------------------------------------------------------- with other words


@pytest.mark.parametrize("change", ["--memory", "--threads", "--spill-dir"])
def test_limits_may_be_others(program, items, whole, cut, scene_order, change):
    cut(*scene_order, **AT_CHECKPOINT)
    words = {
        "--memory": scene_order[:-2],
        "--threads": [*GRID, "--order", "scene", "--threads", 3],
        "--spill-dir": [*scene_order, "--spill-dir", program.work],
    }[change]
    out, said = resumed(program, items, *words)
    assert 18 <= report(out)["resumed"]["chunks"] <= 20
    assert result(out) == whole
    assert not list(program.work.glob("*.spill"))


def test_in_another_order_the_finished_tiles_are_taken_over(program, items, whole, cut, scene_order):
    spill = program.work / "spill"
    spill.mkdir()
    words = [*scene_order, "--spill-dir", spill]
    cut(*words, **AT_THE_FIFTH_TILE)
    out, said = resumed(program, items, *TILE_ORDER, "--spill-dir", spill)
    assert "finished tiles are" in said
    assert 0 < report(out)["resumed"]["chunks"] < 39
    assert result(out) == whole
    assert nothing_in(spill), "the sums that nobody can use"


def add_item(archive):
    items = json.loads((archive / "items.json").read_text())
    items["features"].append({**items["features"][3], "id": "one more"})
    (archive / "items.json").write_text(json.dumps(items))


def some_raster(archive):
    return archive / json.loads((archive / "items.json").read_text())["features"][4]["assets"]["red"]["href"]


def grow(archive):
    path = some_raster(archive)
    times = path.stat()
    path.write_bytes(path.read_bytes() + b"more")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


DIFFERENCES = {
    "an option": (lambda archive: None, ["--resampling", "average"], ["resampling", "average"]),
    "an index": (lambda archive: None, ["--index", "red=red"], ["red"]),
    "what bands are read from": (lambda archive: None, ["--overviews", "auto"], ["overviews", "auto"]),
    "an item": (add_item, [], ["one more"]),
    "the size of a file": (grow, [], ["_SR_B4.TIF", "bytes"]),
    "the time of a file": (lambda archive: os.utime(some_raster(archive), (1e9, 1e9)), [], ["_SR_B4.TIF", "modified"]),
}


def test_another_run_is_refused_with_what_differs(program, copy_of_archive, cut):
    catalog = copy_of_archive / "items.json"
    out = cut(*TILE_ORDER, catalog=catalog, **AT_CHECKPOINT)
    kept = {path.name: path.read_bytes() for path in staging(out).iterdir()}
    sound = shutil.copytree(copy_of_archive, program.work / "sound")
    for name, (change, words, says) in DIFFERENCES.items():
        change(copy_of_archive)
        done = composite(program, catalog, *TILE_ORDER, *words, "--resume", "-q")
        assert done.returncode == 2, f"{name}: {done.stderr}"
        line = one_error(done)
        for word in ["--resume", "--overwrite", *says]:
            assert word.lower() in line.lower(), f"{name}: '{word}' is not said: {line}"
        loud = composite(program, catalog, *TILE_ORDER, *words, "--resume")
        assert "goes on" not in loud.stderr, "the same command does not"
        shutil.rmtree(copy_of_archive)
        shutil.copytree(sound, copy_of_archive)  # with all times
    assert {path.name: path.read_bytes() for path in staging(out).iterdir()} == kept
    again, _ = resumed(program, catalog, *TILE_ORDER)
    assert report(again)["resumed"]["chunks"] > 0


# ---------------------------------------------------------------- folders


def test_a_folder_with_an_interrupted_run_is_not_written_into_without_a_word(program, items, whole, cut):
    out = cut(*TILE_ORDER, **AT_CHECKPOINT)
    done = composite(program, items, *TILE_ORDER)
    assert done.returncode == 2
    assert "--resume" in one_error(done) and "--overwrite" in one_error(done)
    assert (staging(out) / "checkpoint.json").exists()
    program.composite(items, *TILE_ORDER, "--overwrite")
    assert report(out)["resumed"]["chunks"] == 0
    assert result(out) == whole


def test_a_living_run_is_left_alone(program, items, library, whole):
    out = program.work / "out"
    environment = failio.environment(library, unsynced=1, **AT_CHECKPOINT)
    with stopped(command(items, out, *TILE_ORDER, *ALWAYS), environment) as run:
        for words in ([], ["--resume"], ["--overwrite"], ["--resume", "--overwrite"]):
            done = composite(program, items, *TILE_ORDER, *words)
            assert done.returncode == 2 and "another run" in one_error(done)
        assert go_on(run).returncode == 0
    assert result(out) == whole


def test_resume_where_nothing_was_begun_begins(program, items, whole):
    out, _ = resumed(program, items, *GRID)
    assert result(out) == whole and report(out)["resumed"]["chunks"] == 0
    done = composite(program, items, *GRID, "--resume")
    assert done.returncode == 2 and "no interrupted run" in one_error(done)
    assert result(out) == whole


def test_a_dead_run_without_a_checkpoint_is_removed_without_a_word(program, items, whole, cut):
    said = composite(program, items, *TILE_ORDER, out="other").stderr
    out = cut(*TILE_ORDER, checkpoint=NEVER, path=".spool", write=3)
    assert staging(out)
    done = composite(program, items, *TILE_ORDER)
    assert done.returncode == 0 and done.stderr == said
    assert result(out) == whole


# ---------------------------------------------------------------- damage


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


def checkpoint(out):
    return json.loads((staging(out) / "checkpoint.json").read_text())


def spoil_sums(kept, out):
    """A byte of one tile's sums: a slot is 2 MiB, behind a page of header."""
    flip(kept["spill"], 4096 + kept["sums"][0][1] * (2 << 20) + (1 << 20))
    return 1


def spoil_tile(kept, out):
    offset, size, _ = kept["finished"][0][1]
    flip(staging(out) / "ndvi_mean.tif.spool", offset + size // 2)


DAMAGES = {
    "no spill file": lambda kept, out: os.unlink(kept["spill"]),
    "a byte of a spill file": spoil_sums,
    "a byte of a spool": spoil_tile,
    "no spool": lambda kept, out: os.unlink(staging(out) / "ndvi_count.tif.spool"),
    "half a spool": lambda kept, out: os.truncate(staging(out) / "ndvi_mean.tif.spool", 100_000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_made_again(program, items, whole, cut, scene_order, damage):
    out = cut(*scene_order, **AT_THE_FIFTH_TILE)
    kept = checkpoint(out)
    assert kept["finished"] and kept["sums"]
    DAMAGES[damage](kept, out)
    out, said = resumed(program, items, *scene_order, *ALWAYS)
    assert result(out) == whole
    seen = report(out)["resumed"]
    assert seen["chunks"] > 0
    if damage == "a byte of a spill file":
        assert seen["damaged_tiles"] == 1
    else:
        assert "gone" in said or "damaged" in said, said


@pytest.mark.parametrize("name", ["checkpoint.json", "run.json"])
def test_a_damaged_checkpoint_is_refused(program, items, cut, name):
    out = cut(*TILE_ORDER, **AT_CHECKPOINT)
    path = staging(out) / name
    path.write_text(path.read_text()[:-20])
    done = composite(program, items, *TILE_ORDER, "--resume")
    assert done.returncode == 2
    assert "cannot be read" in one_error(done) and "--overwrite" in one_error(done)


# ---------------------------------------------------------------- a scene that breaks


def break_a_scene(archive):
    """Its header is whole, its pixels are not."""
    path = some_raster(archive)
    os.truncate(path, path.stat().st_size * 3 // 4)


@pytest.mark.parametrize("number", sample(range(5, 120, 6), [10, 60]))
def test_a_scene_that_breaks_in_the_middle_stays_left_out(program, copy_of_archive, library, number):
    break_a_scene(copy_of_archive)
    catalog = copy_of_archive / "items.json"
    spill = program.work / "spill"
    spill.mkdir()
    words = [*spilling(program, catalog, *GRID), *ALWAYS, "--on-error", "skip", "--spill-dir", spill]
    clean = program.composite(catalog, *words, out="clean", expect=6)
    assert nothing_in(spill)
    environment = failio.environment(library, unsynced=1, path=".cubemill-", write=number, kill=1)
    done = composite(program, catalog, *words, env=environment)
    assert done.returncode == -9, "there are not so many writes"
    out, _ = resumed(program, catalog, *words, expect=6)
    assert result(out) == result(clean)
    assert report(out)["skipped"] == report(clean)["skipped"]
    assert nothing_in(spill)


# ---------------------------------------------------------------- interrupted

# But for ndvi_mean.tif: the moment below is that of its making, which may be after the clearing up.
RESULT_NAMES = {"ndvi_mean.png", "ndvi_count.png", "ndvi_count.tif", "item.json", "report.json"}


@pytest.mark.parametrize("with_signal,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", [AT_CHECKPOINT, {"path": "ndvi_mean.tif", "open": 2}])
def test_an_interrupt_keeps_the_checkpoint(program, items, library, whole, scene_order, with_signal, code, moment):
    out = program.work / "out"
    with stopped(command(items, out, *scene_order, *ALWAYS), failio.environment(library, unsynced=1, **moment)) as run:
        run.send_signal(with_signal)
        began = time.monotonic()
        done = go_on(run)
        assert time.monotonic() - began < 2
    assert done.returncode == code
    assert done.stderr.splitlines()[-1] == "cubemill: interrupted; the same command with --resume goes on"
    kept = {path.name for path in staging(out).iterdir()}
    assert {"checkpoint.json", "run.json"} <= kept and not kept & RESULT_NAMES, kept
    assert len(list(out.iterdir())) == 1
    assert result(resumed(program, items, *scene_order)[0]) == whole


@pytest.mark.parametrize("with_signal,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_without_a_checkpoint_leaves_nothing(program, items, library, scene_order, with_signal, code):
    spill = program.work / "spill"
    spill.mkdir()
    words = [*scene_order, *NEVER, "--spill-dir", spill]
    environment = failio.environment(library, unsynced=1, path=".spill", write=10)
    with stopped(command(items, program.work / "out", *words), environment) as run:
        assert len(list(spill.iterdir())) == 1
        run.send_signal(with_signal)
        began = time.monotonic()
        done = go_on(run)
        assert time.monotonic() - began < 2
    assert done.returncode == code
    assert done.stderr.splitlines()[-1] == "cubemill: interrupted; nothing was written"
    assert nothing_in(spill) and not (program.work / "out").exists()
