#!/usr/bin/env python3
"""Run `cubemill composite` on real scenes and compare with results that were computed independently of it.

    check_sets.py BINARY ../shared/data/SET... [--variants raw scaled] [--extra "--backend cpu"] [--keep DIR]

A set is a folder with items/, config.json (bands and cases) and expected/CASE.npz. A case passes when the counts are
equal at every pixel (but for the set's own near ties and pixels of the form x/0) and the means agree within 1e-6; for
average, at 99.5 % of the pixels, because the rim is a matter of convention. Prints a line per case; the last line is
'N passed, N failed'.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

SEASONS = ["DJF", "JJA", "MAM", "SON"]  # the order of the expected arrays
VARIANTS = ["raw", "scaled"]


class Disagreement(Exception):
    """A case whose result is not the expected one; the text says how."""


def load_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def cases(folder, variants=VARIANTS):
    """[(case, variant)] of a set: those with an expected result of that variant."""
    found = []
    for case in load_json(os.path.join(folder, "config.json"))["cases"]:
        path = os.path.join(folder, "expected", case["name"] + ".npz")
        if os.path.exists(path):
            with np.load(path) as expected:
                found += [(case, variant) for variant in variants if "ndvi_" + variant in expected]
    return found


def mask_arguments(rule, qa):
    """The options for a case's rule on its flag band."""
    if rule["type"] == "none" or not qa:
        return ["--no-mask"]
    if rule["type"] == "bits":
        return ["--qa-band", qa, "--keep-bits", ",".join(f"{test['mask']}={test['value']}" for test in rule["rules"])]
    option = {"in": "--keep-values", "not_in": "--reject-values"}[rule["type"]]
    return ["--qa-band", qa, option, ",".join(map(str, rule["values"]))]


def write_like(path, grid):
    """An empty raster on the grid of a case."""
    height, width = grid["shape"]
    profile = {"driver": "GTiff", "width": width, "height": height, "count": 1, "dtype": "uint8"}
    with rasterio.open(
        path, "w", crs=CRS.from_user_input(grid["crs"]), transform=Affine(*grid["transform"]), **profile
    ):
        pass


def command(binary, folder, case, variant, work):
    """The command line of a case; the result goes to WORK/out."""
    bands = load_json(os.path.join(folder, "config.json"))["bands"]
    like = os.path.join(work, "like.tif")
    write_like(like, case["grid"])
    words = [binary, "composite", os.path.join(folder, "items"), "-o", os.path.join(work, "out"), "--like", like,
             "--period", "season", "--reduce", "mean,count", "--valid-range", "none", "--progress", "none",
             "--scaling", "none" if variant == "raw" else "auto"]  # fmt: skip
    if bands["red"] == bands["nir"]:
        words += ["--index", f"ndvi={bands['red']}"]
    else:
        words += ["--index", "ndvi", "--band", f"red={bands['red']}", "--band", f"nir={bands['nir']}"]
    by_day = case.get("group") == "solar_day"
    words += ["--groupby", "solar_day", "--fuse", "band"] if by_day else ["--groupby", "scene"]
    method = case["resampling"]["*"]
    words += ["--resampling", "nearest" if method == "native" else method]
    return words + mask_arguments(case["rule"], bands.get("qa"))


def read_result(directory):
    """mean and count in the order of SEASONS."""
    with rasterio.open(os.path.join(directory, "ndvi_mean.tif")) as dataset:
        mean, labels = dataset.read().astype(np.float64), list(dataset.descriptions)
    with rasterio.open(os.path.join(directory, "ndvi_count.tif")) as dataset:
        count = dataset.read().astype(np.int64)
    if sorted(labels) != SEASONS:
        raise Disagreement(f"bands {labels}")
    order = [labels.index(season) for season in SEASONS]
    return mean[order], count[order]


def compare(folder, case, variant, mean, count):
    """Says how a result differs from the expected one; raises Disagreement where that is too much."""
    with np.load(os.path.join(folder, "expected", case["name"] + ".npz")) as arrays:
        expected_mean, expected_count = arrays["ndvi_" + variant].astype(np.float64), arrays["count"].astype(np.int64)
    if mean.shape != expected_mean.shape:
        raise Disagreement(f"shape {mean.shape}, expected {expected_mean.shape}")
    report_path = os.path.join(folder, "expected", "report.json")
    report = load_json(report_path) if os.path.exists(report_path) else {}
    ties = report.get(case["name"], {}).get("near_tie_centres", 0)

    counts_off = int(((count != expected_count) & ~np.isinf(expected_mean)).sum())
    both = np.isfinite(expected_mean) & np.isfinite(mean) & (count == expected_count)
    apart = np.abs(mean - expected_mean)[both]
    means_off = int((apart > np.maximum(1e-6, 3e-7 * np.abs(expected_mean[both]))).sum())
    nan_off = int(((count > 0) != np.isfinite(mean)).sum())
    rim = 0.005 if case["resampling"]["*"] == "average" else 0
    said = (
        f"count off {counts_off}/{count.size}, mean off {means_off}/{both.sum()}, max |d| {apart.max(initial=0):.2e}, "
        f"ties {ties}, data/NaN disagree {nan_off}"
    )
    if counts_off > max(ties, rim * count.size) or means_off > max(ties, rim * both.sum()) or nan_off:
        raise Disagreement(said)
    return said


def check(binary, folder, case, variant, work, extra=()):
    """Runs one case; returns what to say of it, or raises Disagreement."""
    words = [*command(binary, folder, case, variant, work), *extra]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Disagreement(
            f"exit {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]} ({shlex.join(words)})"
        )
    return compare(folder, case, variant, *read_result(os.path.join(work, "out")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the cubemill to test")
    parser.add_argument("sets", nargs="+", help="folders with items/, config.json and expected/")
    parser.add_argument(
        "--variants", nargs="+", default=VARIANTS, choices=VARIANTS, help="stored numbers, or scaled ones"
    )
    parser.add_argument("--extra", default="", help="more options for the program")
    parser.add_argument("--keep", help="an existing folder in which the results stay")
    arguments = parser.parse_args()
    counts = {"ok": 0, "FAIL": 0}
    for folder in arguments.sets:
        for case, variant in cases(folder, arguments.variants):
            name = f"{os.path.basename(os.path.normpath(folder))}/{case['name']}/{variant}"
            with tempfile.TemporaryDirectory() as scratch:
                work = tempfile.mkdtemp(dir=arguments.keep) if arguments.keep else scratch
                try:
                    verdict = "ok", check(arguments.binary, folder, case, variant, work, shlex.split(arguments.extra))
                except Disagreement as wrong:
                    verdict = "FAIL", wrong
            counts[verdict[0]] += 1
            print(f"{verdict[0]:4}", name, verdict[1])
    print(f"{counts['ok']} passed, {counts['FAIL']} failed")
    sys.exit(counts["FAIL"] > 0)


if __name__ == "__main__":
    main()
