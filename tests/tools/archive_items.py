"""The STAC Items of a synthetic archive, as a Landsat Collection 2 catalog writes them."""

import math

from archive_scenes import PIXEL
from rasterio.crs import CRS
from rasterio.warp import transform, transform_bounds

BANDS = {  # asset: suffix of its file; of measured ones also common name, centre and width of the band in µm
    "coastal": ("SR_B1", "coastal", 0.44, 0.02),
    "blue": ("SR_B2", "blue", 0.48, 0.06),
    "green": ("SR_B3", "green", 0.56, 0.06),
    "red": ("SR_B4", "red", 0.65, 0.04),
    "nir08": ("SR_B5", "nir08", 0.86, 0.03),
    "swir16": ("SR_B6", "swir16", 1.6, 0.08),
    "swir22": ("SR_B7", "swir22", 2.2, 0.2),
    "qa_pixel": ("QA_PIXEL",),
    "qa_radsat": ("QA_RADSAT",),
    "qa_aerosol": ("SR_QA_AEROSOL",),
}
EXTENSIONS = [
    "https://stac-extensions.github.io/eo/v1.0.0/schema.json",
    "https://stac-extensions.github.io/projection/v1.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v1.0.0/schema.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json",
    "https://landsat.usgs.gov/stac/landsat-extension/v1.1.1/schema.json",
]
DEGREES = CRS.from_epsg(4326)


def file_name(scene, band):
    return f"{scene.id}_{BANDS[band][0]}.TIF"


def asset(scene, band):
    suffix, *optics = BANDS[band]
    pixels = {
        "nodata": 0 if optics else 1,
        "data_type": "uint8" if band == "qa_aerosol" else "uint16",
        "spatial_resolution": 30,
    }
    pixels.update({"scale": 2.75e-5, "offset": -0.2} if optics else {"unit": "bit index"})
    found = {
        "href": f"./{file_name(scene, band)}",
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "title": band,
        "roles": ["data"] if optics else ["quality"],
        "raster:bands": [pixels],
    }
    if optics:
        name, centre, width = optics
        found["eo:bands"] = [
            {"name": f"OLI_{suffix[3:]}", "common_name": name, "center_wavelength": centre, "full_width_half_max": width}
        ]
    return found


def ring(scene):
    """The footprint in degrees, closed, against the clock."""
    x, y = zip(*(scene.transform * corner for corner in scene.footprint()))
    longitudes, latitudes = transform(CRS.from_epsg(scene.epsg), DEGREES, x, y)
    corners = [[round(x, 6), round(y, 6)] for x, y in zip(longitudes, latitudes)]
    return corners[::-1] + [corners[-1]]


def make_item(scene, bands, cloudy):
    """`cloudy`: the share of cloud in what is valid."""
    time = scene.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    box = transform_bounds(CRS.from_epsg(scene.epsg), DEGREES, *scene.bounds)
    path, row = scene.wrs
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": scene.id,
        "stac_extensions": EXTENSIONS,
        "collection": "landsat-c2-l2",
        "bbox": [round(side, 6) for side in box],
        "geometry": {"type": "Polygon", "coordinates": [ring(scene)]},
        "properties": {
            "datetime": time,
            "created": time,
            "gsd": 30,
            "platform": scene.platform,
            "instruments": ["oli", "tirs"],
            "eo:cloud_cover": round(100 * cloudy, 2),
            "landsat:cloud_cover_land": round(100 * cloudy, 2),
            "view:off_nadir": 0,
            "view:sun_azimuth": round(60 + 25 * math.sin(scene.acquisition), 8),
            "view:sun_elevation": round(45 + 15 * math.cos(scene.acquisition), 8),
            "proj:epsg": scene.epsg,
            "proj:shape": [scene.height, scene.width],
            "proj:transform": [PIXEL, 0.0, scene.left, 0.0, -PIXEL, scene.top],
            "landsat:wrs_path": path,
            "landsat:wrs_row": row,
            "landsat:wrs_type": "2",
            "landsat:collection_category": "T1",
            "landsat:collection_number": "02",
            "landsat:correction": "L2SP",
            "landsat:scene_id": f"LC{scene.platform[-1]}{path}{row}{scene.time:%Y%j}SYN00",
        },
        "assets": {band: asset(scene, band) for band in bands},
        "links": [],
    }
