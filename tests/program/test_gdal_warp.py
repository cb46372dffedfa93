"""One scene's red band, resampled by the program, is what GDAL's warper gives with its exact transformer, where the
rules agree: inside.

GDAL's mode counts pixels instead of areas; its bilinear and cubic widen where the output is coarser; its cubic treats
nodata in its own way, so that pixels near nodata are left out there.
"""

import json
import subprocess

import numpy as np
import pytest
import rasterio

WARP = """
import sys
from osgeo import gdal
gdal.UseExceptions()
source, target, crs, resolution, method, left, bottom, right, top = sys.argv[1:]
gdal.Warp(target, source, dstSRS=crs, outputBounds=tuple(map(float, (left, bottom, right, top))),
          xRes=float(resolution), yRes=float(resolution), resampleAlg=method, errorThreshold=0,
          outputType=gdal.GDT_Float64, workingType=gdal.GDT_Float64, dstNodata="nan")
"""
GRIDS = {"same size": ("EPSG:32718", 30), "coarser": ("EPSG:32718", 75), "degrees": ("EPSG:4326", 0.00025)}
CASES = [(method, grid) for method in ("nearest", "bilinear", "cubic", "average") for grid in GRIDS
         if grid != "coarser" or method in ("nearest", "average")]  # fmt: skip


def warp(source, target, dataset, resolution, method):
    """GDAL's answer on the grid of a result, by Debian's python3-gdal."""
    words = ["/usr/bin/python3", "-c", WARP, source, target, dataset.crs.to_string(), resolution,
             "near" if method == "nearest" else method, *dataset.bounds]  # fmt: skip
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if "No module named 'osgeo'" in done.stderr:
        pytest.skip("python3-gdal is not installed (scripts/setup --tests)")
    assert done.returncode == 0, done.stderr
    with rasterio.open(target) as warped:
        return warped.read(1)


@pytest.mark.parametrize("method,grid", CASES)
def test_resamples_as_the_exact_warper(program, items, tmp_path, method, grid):
    crs, resolution = GRIDS[grid]
    feature = json.loads(items.read_text())["features"][0]
    for asset in feature["assets"].values():
        asset["href"] = str((items.parent / asset["href"]).resolve())
    alone = tmp_path / "one.json"
    alone.write_text(json.dumps(feature))
    out = program.composite(
        alone, "--index", "red=red", "--no-mask", "--scaling", "none", "--period", "all", "--resampling", method,
        "--crs", crs, "--resolution", resolution,
    )  # fmt: skip
    source = feature["assets"]["red"]["href"]
    with rasterio.open(out / "red_mean.tif") as dataset:
        ours = dataset.read(1).astype(np.float64)
        theirs = warp(source, tmp_path / "warped.tif", dataset, resolution, method)
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.sum() > 0.2 * both.size
    assert np.isfinite(theirs[~np.isfinite(ours)]).sum() <= 0.002 * both.sum()  # GDAL's rim is narrower, never wider
    apart = np.abs(ours - theirs)[both]
    allowed = 0.05 if method == "cubic" else 2e-5
    assert (apart > 0.01).mean() <= allowed, f"{(apart > 0.01).sum()} of {apart.size} off, largest {apart.max()}"
