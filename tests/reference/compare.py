"""Compare what `cubemill composite` wrote with the reference, pixel by pixel."""

import os
from dataclasses import dataclass

import numpy as np
import rasterio


@dataclass
class Difference:
    """How far a result is from the reference. `agrees` allows for what two exact coordinates may differ by: two pixels
    in a million may be near ties."""

    pixels: int
    counts_off: int
    means_off: int
    largest: float
    nan_off: int

    @property
    def agrees(self):
        allowed = 2e-6 * self.pixels
        return self.counts_off <= allowed and self.means_off <= allowed and self.nan_off == 0

    def __str__(self):
        return (
            f"counts off {self.counts_off}/{self.pixels}, means off {self.means_off}, largest |d| {self.largest:.1e}, "
            f"NaN and count disagree {self.nan_off}"
        )


def read_outputs(directory, name="ndvi"):
    """mean (float64), count (int64), band descriptions, CRS and transform of a result."""
    with rasterio.open(os.path.join(directory, f"{name}_mean.tif")) as dataset:
        mean, labels = dataset.read().astype(np.float64), list(dataset.descriptions)
        crs, transform = dataset.crs, dataset.transform
    with rasterio.open(os.path.join(directory, f"{name}_count.tif")) as dataset:
        count = dataset.read().astype(np.int64)
    return mean, count, labels, crs, transform


def difference(mean, count, expected_mean, expected_count):
    """Counts must be equal and means within 1e-6 (within float32's rounding where they are large)."""
    same = (count == expected_count) & (expected_count > 0) & np.isfinite(mean)
    apart = np.abs(mean - expected_mean)[same]
    tolerance = np.maximum(1e-6, 3e-7 * np.abs(expected_mean[same]))
    return Difference(
        pixels=count.size,
        counts_off=int((count != expected_count).sum()),
        means_off=int((apart > tolerance).sum()),
        largest=float(apart.max(initial=0)),
        nan_off=int(((count > 0) != np.isfinite(mean)).sum()),
    )
