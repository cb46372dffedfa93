"""Compare what `cubemill composite` wrote with the reference, pixel by pixel."""

import os
from dataclasses import dataclass

import numpy as np
import rasterio


@dataclass
class Difference:
    """How far a result is from the reference. A few pixels may be off: near ties of two exact coordinates."""

    pixels: int
    counts_off: int
    means_off: int
    largest: float
    nan_off: int
    share: float  # of the pixels that may be off

    @property
    def agrees(self):
        allowed = self.share * self.pixels
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


COORDINATE_ERROR = 1e-8  # reflectance: 5e-8 pixel (1e-7 is allowed) times the steepest slope between two pixels


def tolerance(expected_mean, sensitivity=0.0):
    """1e-6; float32's rounding where the mean is large; what the last digit of a coordinate may change where the index
    is a quotient by almost nothing (cubic undershoots over water)."""
    rounding = np.maximum(1e-6, 3e-7 * np.abs(expected_mean))
    return np.maximum(rounding, COORDINATE_ERROR * sensitivity)


def difference(mean, count, expected_mean, expected_count, sensitivity=0.0, share=2e-6):
    """Counts must be equal and means within the tolerance, at pixels where the counts agree."""
    same = (count == expected_count) & (expected_count > 0) & np.isfinite(mean)
    apart = np.where(same, np.abs(mean - expected_mean), 0)
    return Difference(
        pixels=count.size,
        counts_off=int((count != expected_count).sum()),
        means_off=int((same & (apart > tolerance(expected_mean, sensitivity))).sum()),
        largest=float(apart.max(initial=0)),
        nan_off=int(((count > 0) != np.isfinite(mean)).sum()),
        share=share,
    )
