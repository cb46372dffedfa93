#!/usr/bin/env python3
"""Compare composites pixel by pixel: folders with ndvi_mean.tif and ndvi_count.tif.

answers.py compare A B         how far B is from A, by strips; prints one JSON line
answers.py exact ARCHIVE DIR   write the exact answer for a small archive of make_archive.py
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

TESTS = Path(__file__).resolve().parents[1] / "tests"
NAMES = ("ndvi_mean.tif", "ndvi_count.tif")
ROWS = 512


def compare(first, second):
    """Shares of pixels with equal counts, and of those with equal counts whose means are close."""
    pixels = equal = seen = within = near = 0
    largest, unlike = 0.0, 0
    files = [rasterio.open(os.path.join(folder, name)) for folder in (first, second) for name in NAMES]
    mean_a, count_a, mean_b, count_b = files
    if (mean_a.shape, mean_a.transform) != (mean_b.shape, mean_b.transform):
        raise SystemExit(f"answers: {first} and {second} lie on different grids")
    for row in range(0, mean_a.height, ROWS):
        window = Window(0, row, mean_a.width, min(ROWS, mean_a.height - row))
        for band in range(1, mean_a.count + 1):
            means = [file.read(band, window=window).astype(np.float64) for file in (mean_a, mean_b)]
            counts = [file.read(band, window=window) for file in (count_a, count_b)]
            same = counts[0] == counts[1]
            apart = np.abs(means[0] - means[1])[same & (counts[0] > 0)]
            pixels += same.size
            equal += int(same.sum())
            seen += apart.size
            within += int((apart <= 1e-6).sum())  # NaN is not
            near += int((apart <= 1e-3).sum())
            unlike += int((np.isfinite(means[1]) != (counts[1] > 0)).sum())
            largest = max(largest, float(np.nanmax(apart, initial=0)))
    return {
        "counts_equal": equal / pixels,
        "means_within_1e-6": within / max(seen, 1),
        "means_within_1e-3": near / max(seen, 1),
        "largest_difference": largest,
        "mean_without_count": unlike,
        "pixels": pixels,
    }


def write_exact(archive, folder):
    """Means in float64 and counts of the reference that maps every pixel by PROJ."""
    sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "reference")]
    from check_truth import read_grid
    from dates import read_items
    from truth import truth

    grid = read_grid(archive)
    mean, count = truth(read_items(os.path.join(archive, "items.json")), grid, "average", True)
    os.makedirs(folder, exist_ok=True)
    for name, values in zip(NAMES, (mean.astype(np.float64), count.astype(np.uint16))):
        profile = {"driver": "GTiff", "count": len(values), "height": grid.shape[0], "width": grid.shape[1]}
        profile |= {"crs": grid.crs, "transform": rasterio.Affine(*grid.transform), "dtype": values.dtype}
        with rasterio.open(os.path.join(folder, name), "w", **profile) as file:
            file.write(values)


def main():
    words = sys.argv[1:]
    if len(words) == 3 and words[0] == "compare":
        print(json.dumps(compare(*words[1:])))
    elif len(words) == 3 and words[0] == "exact":
        write_exact(*words[1:])
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
