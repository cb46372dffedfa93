"""Scenes of `cubemill demo` as other archives keep them: at other places, in other blocks, in strips. Needs rasterio.

layouts.py SOURCE TARGET --blocks 256|512|strips --shift X,Y     copy a raster; X,Y in pixels
"""

import argparse

import rasterio
from rasterio.transform import Affine

STRIP_ROWS = 16


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--blocks", default="256", choices=["256", "512", "strips"])
    parser.add_argument("--shift", default="0,0")
    return parser.parse_args()


def main():
    asked = parse()
    across, down = map(int, asked.shift.split(","))
    with rasterio.open(asked.source) as source:
        profile = {
            "driver": "GTiff", "width": source.width, "height": source.height, "count": 1, "dtype": source.dtypes[0],
            "crs": source.crs, "nodata": source.nodata, "transform": source.transform * Affine.translation(across, down),
            "compress": "deflate", "predictor": 2, "zlevel": 6,
        }  # fmt: skip
        if asked.blocks == "strips":
            profile |= {"tiled": False, "blockysize": STRIP_ROWS}
        else:
            profile |= {"tiled": True, "blockxsize": int(asked.blocks), "blockysize": int(asked.blocks)}
        with rasterio.open(asked.target, "w", **profile) as target:
            target.write(source.read(1), 1)


if __name__ == "__main__":
    main()
