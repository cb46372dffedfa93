"""Where and when the scenes of a synthetic archive are: two neighbouring paths by turns, two rows an acquisition."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import transform, transform_bounds

PIXEL = 30.0  # metres


@dataclass
class Scene:
    """A scene; its left and top edge in metres of its UTM zone, its cloudy share as asked for."""

    number: int
    acquisition: int
    seed: int
    epsg: int
    height: int
    width: int
    left: float
    top: float
    time: datetime
    platform: str
    wrs: tuple  # path, row
    cloudy: float

    @property
    def id(self):
        day = f"{self.time:%Y%m%d}"
        return f"LC0{self.platform[-1]}_L2SP_{self.wrs[0]}{self.wrs[1]}_{day}_{day}_02_T1"

    @property
    def transform(self):
        return Affine(PIXEL, 0, self.left, 0, -PIXEL, self.top)

    @property
    def bounds(self):
        """Left, bottom, right, top."""
        return self.left, self.top - self.height * PIXEL, self.left + self.width * PIXEL, self.top

    def footprint(self):
        """The corners of valid data (column, row): a parallelogram, tilted like a descending pass."""
        h, w, lean, fall = self.height, self.width, 0.155, 0.045
        return [(w * lean, h * 0.004), (w * 0.998, h * fall), (w * (1 - lean), h * 0.996), (w * 0.002, h * (1 - fall))]


def acquisition_times(count, year, random):
    """As by a cycle of days, at about 14:40 UTC."""
    times = []
    for k in range(count):
        day = datetime(year, 1, 1, 14, 38, 55, tzinfo=timezone.utc) + timedelta(days=int(k * 365.0 / count + 2))
        seconds, microseconds = float(random.integers(0, 40)), int(random.integers(0, 1_000_000))
        times.append(day + timedelta(seconds=seconds, microseconds=microseconds))
    return times


def path_centres(options, epsg):
    """The middle of the east and of the west path, in metres of their zones."""
    longitude, latitude = options.center
    centres = []
    for zone, side in zip(epsg, (1, -1)):
        (x,), (y,) = transform(CRS.from_epsg(4326), CRS.from_epsg(zone), [longitude], [latitude])
        centres.append((x + side * options.size * PIXEL * (1 - options.path_overlap) / 2, y))
    return centres


def on_grid(value):
    """The corners of USGS's pixels lie at 15 modulo 30."""
    return math.floor(value / PIXEL) * PIXEL + 15.0


def plan_scenes(options):
    """Scenes 2k and 2k + 1 are the rows of acquisition k: some seconds apart, under one weather."""
    epsg = options.epsg if len(options.epsg) > 1 else [options.epsg[0]] * 2
    times = acquisition_times((options.scenes + 1) // 2, options.year, np.random.default_rng([options.seed, 1]))
    centres = path_centres(options, epsg)
    side = options.size * PIXEL
    scenes = []
    for number in range(options.scenes):
        acquisition, row = divmod(number, 2)
        path = acquisition % 2
        random = np.random.default_rng([options.seed, 2, number])
        height, width = (
            int(options.size + random.integers(-options.size // 64, options.size // 64 + 1)) for _ in range(2)
        )
        south = side * (1 - options.tile_overlap) / 2 * (1 if row == 0 else -1)
        west = math.tan(math.radians(10)) * south  # a descending orbit: the southern row lies further west
        jitter = random.integers(-options.size // 80, options.size // 80 + 1, 2) * PIXEL
        left = on_grid(centres[path][0] + west + jitter[0] - width * PIXEL / 2)
        top = on_grid(centres[path][1] + south + jitter[1] + height * PIXEL / 2)
        cloudy = float(np.clip(random.beta(1.1, 1.6), 0.02, 0.9)) if row == 0 else scenes[-1].cloudy
        time = times[acquisition] + timedelta(seconds=23.9 * row)
        platform = "landsat-8" if acquisition // 2 % 2 == 0 else "landsat-9"
        wrs = (("001", "002")[path], ("080", "081")[row])
        scenes.append(
            Scene(
                number, acquisition, options.seed, epsg[path], height, width, left, top, time, platform, wrs, cloudy
            )
        )
    return scenes


def common_grid(scenes, epsg):
    """One output grid for all who compare: the union of the scenes, its edges at multiples of a pixel."""
    boxes = [transform_bounds(CRS.from_epsg(s.epsg), CRS.from_epsg(epsg), *s.bounds, densify_pts=21) for s in scenes]
    left, bottom = (math.floor(min(box[k] for box in boxes) / PIXEL) * PIXEL for k in (0, 1))
    right, top = (math.ceil(max(box[k] for box in boxes) / PIXEL) * PIXEL for k in (2, 3))
    return {
        "epsg": epsg,
        "resolution": PIXEL,
        "transform": [PIXEL, 0, left, 0, -PIXEL, top],
        "shape": [round((top - bottom) / PIXEL), round((right - left) / PIXEL)],
        "bbox": [left, bottom, right, top],
    }
