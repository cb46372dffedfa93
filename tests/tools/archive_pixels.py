"""Pixels of a synthetic archive: one ground under all scenes, a weather for every acquisition, Landsat's numbers."""

import math

import numpy as np
from archive_scenes import PIXEL
from rasterio.crs import CRS
from rasterio.warp import transform

PERIOD = 4096  # pixels after which the ground repeats
SPECTRA = {  # reflectance of dense vegetation, bare soil, water, cloud
    "coastal": (0.02, 0.12, 0.05, 0.70),
    "blue": (0.025, 0.14, 0.05, 0.70),
    "green": (0.06, 0.19, 0.04, 0.70),
    "red": (0.035, 0.26, 0.025, 0.70),
    "nir08": (0.42, 0.32, 0.012, 0.74),
    "swir16": (0.18, 0.40, 0.006, 0.50),
    "swir22": (0.08, 0.34, 0.004, 0.35),
}
BRIGHT_SNOW = ("coastal", "blue", "green", "red", "nir08")
FILL = 1  # the only value of QA_PIXEL, QA_RADSAT and SR_QA_AEROSOL outside of valid data
UNIT = np.float32(1 / 4096.0)  # of the textures
STRIP = 512  # rows at a time: keeps the peak of memory small
SHADOW = (18, 26)  # rows and columns between a cloud and its shadow


def power_law(random, size, exponent, lowest):
    """A periodic field of zero mean and unit variance, its spectrum ~ frequency^-exponent."""
    spectrum = np.fft.rfft2(random.standard_normal((size, size), dtype=np.float32))
    frequency = np.hypot(np.fft.fftfreq(size, 1.0 / size)[:, None], np.fft.rfftfreq(size, 1.0 / size)[None, :])
    frequency[0, 0] = 1
    spectrum *= np.maximum(frequency, lowest) ** (-exponent / 2)
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(size, size)).astype(np.float32)
    return (field - field.mean()) / field.std()


def textures(seed, size=PERIOD):
    """Fields of ground and weather as int16, in units of 1/4096 of their deviation."""
    random = np.random.default_rng([seed, 7])
    shapes = {"vegetation": (3.0, 8), "brightness": (2.8, 12), "water": (3.2, 5), "cloud": (3.0, 6)}
    return {
        name: np.clip(power_law(random, size, *shape) * 4096, -32767, 32767).astype(np.int16)
        for name, shape in shapes.items()
    }


def ground_index(scene, reference_epsg, period):
    """Row and column of every pixel in the textures (int32): exact at 17 × 17 points, between them linear."""
    points = 17
    rows, columns = np.linspace(0, scene.height - 1, points), np.linspace(0, scene.width - 1, points)
    x, y = np.meshgrid(scene.left + (columns + 0.5) * PIXEL, scene.top - (rows + 0.5) * PIXEL)
    if scene.epsg != reference_epsg:
        moved = transform(
            CRS.from_epsg(scene.epsg), CRS.from_epsg(reference_epsg), x.ravel().tolist(), y.ravel().tolist()
        )
        x, y = (np.reshape(values, x.shape) for values in moved)
    return tuple(spread(values, scene, columns, period) for values in (-y / PIXEL, x / PIXEL))


def spread(values, scene, columns, period):
    points = len(columns)
    along = np.stack([np.interp(np.arange(scene.width), columns, values[k]) for k in range(points)])
    place = np.arange(scene.height) / (scene.height - 1) * (points - 1)
    above = np.minimum(place.astype(int), points - 2)
    share = (place - above)[:, None]
    index = np.empty((scene.height, scene.width), np.int32)
    for strip in strips(scene.height, 256):
        between = along[above[strip]] * (1 - share[strip]) + along[above[strip] + 1] * share[strip]
        index[strip] = np.floor(between).astype(np.int64) % period
    return index


def strips(height, rows=STRIP):
    return [slice(top, min(height, top + rows)) for top in range(0, height, rows)]


class Ground:
    """What a strip of a scene shows: where data are valid, what lies there, and what lies above it."""

    def __init__(self, scene, fields, weather, rows, columns, strip):
        """rows, columns: of the strip's pixels in the textures."""
        move, threshold = weather
        period = fields["cloud"].shape[0]
        self.vegetation, self.brightness, water = (
            fields[name][rows, columns] * UNIT for name in ("vegetation", "brightness", "water")
        )
        row, column = (rows + move[0]) % period, (columns + move[1]) % period
        self.depth = fields["cloud"][row, column] * UNIT - threshold  # of cloud; negative beside it
        source = fields["cloud"][(row - SHADOW[0]) % period, (column - SHADOW[1]) % period] * UNIT - threshold
        self.valid = inside(scene.footprint(), strip, scene.width)
        self.water = water < -1.15
        self.cloud = self.depth > 0
        self.shaded = source > 0
        self.shadow = self.shaded & ~self.cloud
        self.snow = (self.brightness > 2.6) & ~self.water

    def qa(self):
        """QA_PIXEL; what comes later lies on top."""
        vegetation, cloud, water, shadow, depth = self.vegetation, self.cloud, self.water, self.shadow, self.depth
        ring = (depth > -0.06) & ~cloud
        qa = np.full(depth.shape, 21824, np.uint16)  # clear
        for where, value in (
            (water, 21952),
            (self.snow, 30048),
            (ring, 21826),  # dilated cloud
            (ring & water, 21890),
            ((depth > -0.02) & ~cloud, 22080),  # cloud of medium confidence
            (shadow, 23888),
            (shadow & water, 23952),
            ((vegetation + self.brightness > 2.9) & ~cloud & ~shadow, 54596),  # cirrus of high confidence
            (cloud, 22280),
            (cloud & self.shaded & (depth < 0.05), 24344),  # over shadow
            (cloud & (depth > 1.0), 55052),  # and cirrus
            (~self.valid, FILL),
        ):
            qa[where] = value
        return qa

    def reflectance(self, band, season):
        plants, soil, water, cloud = SPECTRA[band]
        green = np.clip(0.45 + 0.28 * self.vegetation, 0, 1) * (0.45 + 0.55 * season)
        opaque = np.clip(self.depth * 3.2 + 0.15, 0, 1) * (self.depth > -0.05)
        reflectance = green * plants + (1 - green) * soil
        reflectance *= np.clip(1 + 0.22 * self.brightness, 0.35, 1.9)
        reflectance[self.water] = water
        reflectance[self.snow] = 0.8 if band in BRIGHT_SNOW else 0.1
        reflectance[self.shadow] *= 0.55
        reflectance += opaque * (cloud - reflectance)
        return reflectance


def inside(corners, strip, width):
    """Whether the centres of a strip's pixels lie in a convex figure."""
    rows = np.arange(strip.start, strip.stop, dtype=np.float32)[:, None] + 0.5
    columns = np.arange(width, dtype=np.float32)[None, :] + 0.5
    found = np.ones((strip.stop - strip.start, width), bool)
    corners = np.array(corners)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0)):
        found &= (x1 - x0) * (rows - y0) - (y1 - y0) * (columns - x0) >= 0
    return found


def weather_of(scene, clouds):
    """Where in their texture the clouds of an acquisition lie, and how deep they must be to show."""
    random = np.random.default_rng([scene.seed, 4, scene.acquisition])
    period = clouds.shape[0]
    move = tuple(int(v) for v in random.integers(0, period, 2))
    return move, np.float32(np.quantile(clouds[::16, ::16], 1 - scene.cloudy) * UNIT)


def stored(reflectance, random):
    """Reflectance with noise, as Collection 2 stores it."""
    number = (reflectance + 0.2) / 2.75e-5
    number += random.standard_normal(number.shape, dtype=np.float32) * np.float32(36.0)
    return np.clip(number, 1, 65535).astype(np.uint16)


def put_awkward_pixels(qa, measured, random):
    """Few: holes in one band or in all where flags show none, saturation, reflectance below zero."""
    height, width = qa.shape
    many = max(8, height * width // 400_000)
    kinds = (  # side in pixels, bands, value
        (3, ("red",), 0),
        (3, ("nir08",), 0),
        (4, tuple(measured), 0),
        (1, ("red", "nir08"), 65535),
        (2, ("red",), 6500),
    )
    places = [
        (random.integers(height // 4, 3 * height // 4, many), random.integers(width // 4, 3 * width // 4, many))
        for _ in kinds
    ]
    for (size, bands, value), (rows, columns) in zip(kinds, places):
        for row, column in zip(rows, columns):
            spot = slice(row, row + size), slice(column, column + size)
            for band in bands:
                if band in measured:
                    measured[band][spot] = np.where(qa[spot] == FILL, 0, value)


def make_pixels(scene, bands, fields, reference_epsg):
    """QA_PIXEL, the measured ones of `bands`, and the share of cloud in what is valid."""
    rows, columns = ground_index(scene, reference_epsg, fields["cloud"].shape[0])
    weather = weather_of(scene, fields["cloud"])
    random = np.random.default_rng([scene.seed, 3, scene.number])
    day = scene.time.timetuple().tm_yday
    season = np.float32(0.5 + 0.5 * math.cos(2 * math.pi * (day - 30) / 365.25))  # highest in the southern summer
    qa = np.empty((scene.height, scene.width), np.uint16)
    measured = {band: np.empty_like(qa) for band in bands if band in SPECTRA}
    valid = cloud = 0
    for strip in strips(scene.height):
        ground = Ground(scene, fields, weather, rows[strip], columns[strip], strip)
        qa[strip] = ground.qa()
        for band, pixels in measured.items():
            pixels[strip] = np.where(ground.valid, stored(ground.reflectance(band, season), random), 0)
        valid += int(ground.valid.sum())
        cloud += int((ground.cloud & ground.valid).sum())
    put_awkward_pixels(qa, measured, random)
    return qa, measured, cloud / max(valid, 1)
