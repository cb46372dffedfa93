"""What the benchmarks on whole archives share: the Python environment, the archive, and the command of the main job."""

import filecmp
import json
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
BINARY = PROJECT / "build" / "release" / "src" / "cli" / "cubemill"
WORK = PROJECT / "build" / "bench"


def absolute(path):
    """A path that stays valid for commands; links stay links (a virtual environment's python is one)."""
    return Path(path).absolute()


def add_arguments(parser):
    """The options that say on which archive and with which programs."""
    parser.add_argument("--scenes", type=int, default=24, help="of the archive to make (default: 24)")
    parser.add_argument("--size", type=int, default=4096, help="pixels, the side of a scene (default: 4096)")
    parser.add_argument("--archive", type=absolute, help="take this one, made by tests/tools/make_archive.py")
    parser.add_argument(
        "--binary", type=absolute, default=BINARY, help="the cubemill to run (default: the release build's)"
    )
    parser.add_argument("--python", type=absolute, help="with tests/requirements.txt (default: .venv, made when absent)")
    parser.add_argument("--work", type=absolute, default=WORK, help="archives and results go there (default: build/bench)")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")


def say(text):
    print(text, file=sys.stderr, flush=True)


def python_environment():
    """The interpreter of .venv with the pinned packages, as scripts/test makes it."""
    environment, wanted = PROJECT / ".venv", PROJECT / "tests" / "requirements.txt"
    installed = environment / "requirements.txt"
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    if not installed.exists() or not filecmp.cmp(wanted, installed, shallow=False):
        say("installing tests/requirements.txt into .venv")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted]
        subprocess.run(install, check=True, stdout=sys.stderr)
        shutil.copy(wanted, installed)
    return python


def make_archive(python, work, scenes, size):
    """An archive of seed 0, kept in `work` for the next time."""
    folder = work / f"archive_{scenes}_{size}"
    if not (folder / "items.json").exists():
        say(f"making an archive of {scenes} scenes, {size} pixels wide, in {folder}")
        command = [python, PROJECT / "tests" / "tools" / "make_archive.py", "--out", folder]
        command += ["--scenes", str(scenes), "--size", str(size), "--seed", "0"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def list_over_years(archive, times):
    """The archive with every item listed `times` times, a year earlier each time: as many more dates of each season."""
    if times == 1:
        return archive
    folder = archive.parent / f"{archive.name}_x{times}"
    folder.mkdir(exist_ok=True)
    catalog = json.loads((archive / "items.json").read_text(encoding="utf-8"))
    listed = []
    for years in range(times):
        for item in json.loads(json.dumps(catalog["features"])):
            stamp = item["properties"]["datetime"]
            item["id"] += f"_{years}"
            item["properties"]["datetime"] = f"{int(stamp[:4]) - years}{stamp[4:]}"
            for asset in item["assets"].values():
                asset["href"] = str(archive / asset["href"])
            listed.append(item)
    (folder / "items.json").write_text(json.dumps({**catalog, "features": listed}), encoding="utf-8")
    shutil.copy(archive / "grid.json", folder)
    return folder


def main_job(binary, archive, out, *options):
    """The command: season means and counts of NDVI on the archive's own grid, by rules that all rivals can follow."""
    grid = json.loads((archive / "grid.json").read_text(encoding="utf-8"))
    crs = f"EPSG:{grid['epsg']}"
    box = ",".join(f"{side:.0f}" for side in grid["bbox"])
    command = [binary, "composite", archive / "items.json", "-o", out, "--overwrite", "--progress", "none", "--quiet"]
    command += [
        "--crs",
        crs,
        "--resolution",
        f"{grid['resolution']:g}",
        "--anchor",
        "edge",
        "--bbox",
        box,
        "--bbox-crs",
        crs,
    ]
    command += ["--resampling", "average", "--mask-out", "nodata,cloud,cloud_shadow,water", "--fuse", "band"]
    return command + ["--valid-range", "none", *options]
