#!/usr/bin/env python3
"""Run `cubemill composite` on a synthetic archive of make_archive.py and compare with the exact answer (truth.py).

    check_truth.py BINARY ARCHIVE WORKDIR [--extra "--backend cpu"]

Nearest and average, stored numbers and reflectance. Counts must be equal and means within 1e-6 at every pixel (two in a
million may be near ties of two exact coordinates). The last line is 'N passed, N failed'.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reference"))
import compare  # noqa: E402
from dates import read_items  # noqa: E402
from grids import Grid  # noqa: E402
from truth import truth  # noqa: E402

CASES = [(method, scaling) for method in ("nearest", "average") for scaling in ("none", "auto")]


def read_grid(archive):
    """The output grid that the archive brings."""
    with open(os.path.join(archive, "grid.json"), encoding="utf-8") as file:
        grid = json.load(file)
    return Grid(f"EPSG:{grid['epsg']}", tuple(grid["transform"][:6]), tuple(grid["shape"]))


def write_like(path, grid):
    height, width = grid.shape
    profile = {"driver": "GTiff", "width": width, "height": height, "count": 1, "dtype": "uint8", "sparse_ok": True}
    with rasterio.open(path, "w", crs=grid.crs, transform=rasterio.Affine(*grid.transform), **profile):
        pass


def run(binary, archive, out, like, method, scaling, extra=()):
    """Runs the program on one case; raises CalledProcessError when it fails."""
    shutil.rmtree(out, ignore_errors=True)
    words = [binary, "composite", os.path.join(archive, "items.json"), "-o", out, "--like", like, "--index", "ndvi",
             "--mask-out", "nodata,cloud,cloud_shadow,water", "--resampling", method, "--groupby", "solar_day",
             "--fuse", "band", "--scaling", scaling, "--valid-range", "none", "--period", "season",
             "--reduce", "mean,count", "--progress", "none", *extra]  # fmt: skip
    subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


def expected(work, archive, grid, method, scaling):
    """The exact answer, kept in WORK between runs."""
    path = os.path.join(work, f"truth_{method}_{scaling}.npz")
    if not os.path.exists(path):
        items = read_items(os.path.join(archive, "items.json"))
        mean, count = truth(items, grid, method, scaling == "auto")
        np.savez_compressed(path, mean=mean, count=count)
    with np.load(path) as arrays:
        return arrays["mean"], arrays["count"]


def check(binary, archive, work, method, scaling, extra=()):
    """The difference between the program and the exact answer."""
    grid = read_grid(archive)
    like, out = os.path.join(work, "like.tif"), os.path.join(work, f"out_{method}_{scaling}")
    write_like(like, grid)
    run(binary, archive, out, like, method, scaling, extra)
    mean, count, _, _, _ = compare.read_outputs(out)
    return compare.difference(mean, count, *expected(work, archive, grid, method, scaling))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the cubemill to test")
    parser.add_argument("archive", help="made by make_archive.py")
    parser.add_argument("workdir", help="for results; the exact answer stays there for the next time")
    parser.add_argument("--extra", default="", help="more options for the program")
    arguments = parser.parse_args()
    os.makedirs(arguments.workdir, exist_ok=True)
    failed = 0
    for method, scaling in CASES:
        try:
            found = check(
                arguments.binary, arguments.archive, arguments.workdir, method, scaling, shlex.split(arguments.extra)
            )
            good, said = found.agrees, found
        except subprocess.CalledProcessError as wrong:
            good, said = False, f"exit {wrong.returncode}: {wrong.stderr[-300:]}"
        failed += not good
        print("ok  " if good else "FAIL", f"{method}, scaling {scaling}: {said}", flush=True)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
