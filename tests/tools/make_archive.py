#!/usr/bin/env python3
"""Make a synthetic Landsat Collection-2 Level-2 archive on disk (COGs + STAC Items + items.json + grid.json).

Needs only numpy and rasterio.  Deterministic: the same options give byte-identical pixels and JSON
(COG bytes too, for one GDAL build).  Nothing is downloaded and nothing real is copied; only the
*layout* (bands, dtypes, nodata, QA_PIXEL values, block size, compression, UTM-north zones with negative
northings in the southern hemisphere, 15 m-shifted pixel corners, tilted footprints) follows USGS.

What is in it
  * WRS-2 paths 001 (and 002/233-like neighbour) by turns; every path acquisition = TWO rows, ~24 s apart, same solar
    day, overlapping by --tile-overlap, so that solar-day mosaicking matters.  Scenes 2k and 2k+1 are one acquisition.
  * The paths' scenes are in --epsg (first value: east path; second: west path; one value: both).  They overlap
    sideways, and the solar days differ (so overlap pixels see more observations, as in life).
  * Each scene's bounding box differs by a few dozen pixels, sides are not multiples of 256, and valid data are a
    parallelogram tilted ~10 deg; corners are fill (SR 0, QA 1).
  * One ground truth (vegetation, brightness, water) shared by all scenes, sampled at true ground positions; seasonal
    vegetation cycle; per-scene white noise; SR DN = (reflectance + 0.2) / 2.75e-5.
  * QA_PIXEL: connected clouds (22280), dilated cloud (21826), mid-confidence cloud (22080), shadow (23888), water (21952),
    cloud over shadow (24344), snow (30048), high-confidence cirrus (54596), cirrus+cloud (55052), clear (21824), fill (1).
  * Awkward pixels real scenes have: SR fill (0) holes where QA is not fill (in red only, in nir08 only, in both),
    saturated 65535, very dark DN (< 7273, i.e. negative reflectance).

  make_archive.py --out DIR [--scenes N] [--size PX] [--tile-overlap F] [--epsg 32619 32618] [--year 2021]
                  [--seed 0] [--bands red nir08 qa_pixel] [--out-epsg 32718] [--center LON LAT] [--jobs 2]
"""

import argparse
import json
import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta, timezone
import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from rasterio.warp import transform as warp_pts, transform_bounds
import rasterio.shutil

RES = 30.0
TEX = 4096  # periodic ground texture, TEX*30 m on a side
ALL_BANDS = {  # key: (file suffix, eo common name, centre um, fwhm um, title)
    "coastal": ("SR_B1", "coastal", 0.44, 0.02),
    "blue": ("SR_B2", "blue", 0.48, 0.06),
    "green": ("SR_B3", "green", 0.56, 0.06),
    "red": ("SR_B4", "red", 0.65, 0.04),
    "nir08": ("SR_B5", "nir08", 0.86, 0.03),
    "swir16": ("SR_B6", "swir16", 1.6, 0.08),
    "swir22": ("SR_B7", "swir22", 2.2, 0.2),
    "qa_pixel": ("QA_PIXEL", None, None, None),
    "qa_radsat": ("QA_RADSAT", None, None, None),
    "qa_aerosol": ("SR_QA_AEROSOL", None, None, None),
}
# reflectance of (dense vegetation, bare soil, water, cloud)
SPECTRA = {
    "coastal": (0.02, 0.12, 0.05, 0.70),
    "blue": (0.025, 0.14, 0.05, 0.70),
    "green": (0.06, 0.19, 0.04, 0.70),
    "red": (0.035, 0.26, 0.025, 0.70),
    "nir08": (0.42, 0.32, 0.012, 0.74),
    "swir16": (0.18, 0.40, 0.006, 0.50),
    "swir22": (0.08, 0.34, 0.004, 0.35),
}


def powerlaw(rng, n, beta, lo_cut=1.0):
    """Periodic n x n float32 field, zero mean, unit variance, spectrum ~ f^-beta."""
    w = rng.standard_normal((n, n), dtype=np.float32)
    f = np.fft.rfft2(w)
    ky = np.fft.fftfreq(n, 1.0 / n)[:, None]
    kx = np.fft.rfftfreq(n, 1.0 / n)[None, :]
    k = np.hypot(ky, kx)
    k[0, 0] = 1
    f *= (np.maximum(k, lo_cut)) ** (-beta / 2)
    f[0, 0] = 0
    z = np.fft.irfft2(f, s=(n, n)).astype(np.float32)
    return (z - z.mean()) / z.std()


def textures(seed, n=TEX):
    """Ground and weather fields as int16 in units of 1/4096 sigma (small: shared by copy with the workers)."""
    rng = np.random.default_rng([seed, 7])
    q = lambda z: np.clip(z * 4096, -32767, 32767).astype(np.int16)
    return {
        "veg": q(powerlaw(rng, n, 3.0, 8)),
        "bri": q(powerlaw(rng, n, 2.8, 12)),
        "wat": q(powerlaw(rng, n, 3.2, 5)),
        "cld": q(powerlaw(rng, n, 3.0, 6)),
    }


def solar_day_dates(n_acq, year, rng):
    """n_acq acquisition days over the year (16-day-cycle-like, jitter < spacing), UTC ~14:40 at ~71 W."""
    step = 365.0 / n_acq
    out = []
    for k in range(n_acq):
        d = int(k * step + 2)
        t = datetime(year, 1, 1, 14, 38, 55, tzinfo=timezone.utc) + timedelta(days=d)
        out.append(t + timedelta(seconds=float(rng.integers(0, 40)), microseconds=int(rng.integers(0, 1_000_000))))
    return out


def plan(a):
    rng = np.random.default_rng([a.seed, 1])
    n_acq = (a.scenes + 1) // 2
    dates = solar_day_dates(n_acq, a.year, rng)
    side = a.size * RES
    ep = a.epsg if len(a.epsg) > 1 else [a.epsg[0]] * 2
    lon, lat = a.center
    c = {}
    for p in (0, 1):
        xs, ys = warp_pts(CRS.from_epsg(4326), CRS.from_epsg(ep[p]), [lon], [lat])
        sgn = 1 if p == 0 else -1
        c[p] = (xs[0] + sgn * side * (1 - a.path_overlap) / 2, ys[0])
    scenes = []
    for i in range(a.scenes):
        k, r = divmod(i, 2)
        p = k % 2
        rr = np.random.default_rng([a.seed, 2, i])
        h = int(a.size + rr.integers(-a.size // 64, a.size // 64 + 1))
        w = int(a.size + rr.integers(-a.size // 64, a.size // 64 + 1))
        dy = side * (1 - a.tile_overlap) / 2 * (1 if r == 0 else -1)
        dx = math.tan(math.radians(10)) * dy  # descending orbit: the southern row lies further west
        jx, jy = rr.integers(-a.size // 80, a.size // 80 + 1, 2) * RES
        left = math.floor((c[p][0] + dx + jx - w * RES / 2) / RES) * RES + 15.0  # USGS: corners at 15 mod 30
        top = math.floor((c[p][1] + dy + jy + h * RES / 2) / RES) * RES + 15.0
        t = dates[k] + timedelta(seconds=23.9 * r)
        wrs = (("001", "002")[p], ("080", "081")[r])
        plat = "landsat-8" if (k // 2) % 2 == 0 else "landsat-9"
        sid = f"LC0{plat[-1]}_L2SP_{wrs[0]}{wrs[1]}_{t:%Y%m%d}_{t:%Y%m%d}_02_T1"
        scenes.append(
            dict(
                i=i,
                acq=k,
                path=p,
                row=r,
                wrs=wrs,
                epsg=ep[p],
                h=h,
                w=w,
                left=left,
                top=top,
                t=t,
                platform=plat,
                id=sid,
                seed=a.seed,
                cloud=float(np.clip(rr.beta(1.1, 1.6), 0.02, 0.9)) if r == 0 else None,
            )
        )
    for s in scenes:  # one weather per acquisition
        if s["cloud"] is None:
            s["cloud"] = scenes[s["i"] - 1]["cloud"]
    return scenes


_T = None


def _init(tex):
    global _T
    _T = tex


def footprint(h, w):
    """Valid-data parallelogram in pixel coordinates (x, y), tilted like a descending Landsat pass."""
    k, s = 0.155, 0.045
    return [(w * k, h * 0.004), (w * 0.998, h * s), (w * (1 - k), h * 0.996), (w * 0.002, h * (1 - s))]


def ground_index(s, ref_epsg, n):
    """Row/col into the periodic texture for every pixel of the scene (int32), from a coarse exact grid."""
    h, w = s["h"], s["w"]
    gy = np.linspace(0, h - 1, 17)
    gx = np.linspace(0, w - 1, 17)
    X, Y = np.meshgrid(s["left"] + (gx + 0.5) * RES, s["top"] - (gy + 0.5) * RES)
    if s["epsg"] != ref_epsg:
        xs, ys = warp_pts(CRS.from_epsg(s["epsg"]), CRS.from_epsg(ref_epsg), X.ravel().tolist(), Y.ravel().tolist())
        X, Y = np.reshape(xs, X.shape), np.reshape(ys, Y.shape)
    out = []
    for A, sg in ((X, 1), (Y, -1)):
        A = A / RES * sg
        rows = np.stack([np.interp(np.arange(w), gx, A[j]) for j in range(17)])  # 17 x w
        jj = np.arange(h) / (h - 1) * 16
        j0 = np.minimum(jj.astype(int), 15)
        f = (jj - j0)[:, None]
        full = np.empty((h, w), np.int32)
        for b in range(0, h, 256):
            e = slice(b, min(h, b + 256))
            full[e] = np.floor(rows[j0[e]] * (1 - f[e]) + rows[j0[e] + 1] * f[e]).astype(np.int64) % n
        out.append(full)
    return out[1], out[0]


def write_cog(path, arr, s, nodata, resampling, level):
    prof = dict(
        driver="MEM",
        height=arr.shape[0],
        width=arr.shape[1],
        count=1,
        dtype=arr.dtype,
        crs=CRS.from_epsg(s["epsg"]),
        transform=Affine(RES, 0, s["left"], 0, -RES, s["top"]),
        nodata=nodata,
    )
    tmp = path + ".part"
    with MemoryFile() as m, rasterio.open(m.name, "w+", **{**prof, "driver": "GTiff", "tiled": True}) as d:
        d.write(arr, 1)
        d.update_tags(AREA_OR_POINT="Point")
        rasterio.shutil.copy(
            d,
            tmp,
            driver="COG",
            COMPRESS="DEFLATE",
            PREDICTOR="STANDARD",
            LEVEL=str(level),
            BLOCKSIZE="256",
            OVERVIEWS="AUTO",
            OVERVIEW_RESAMPLING=resampling,
            BIGTIFF="NO",
            NUM_THREADS="1",
        )
    os.replace(tmp, path)


def make_scene(job):
    s, bands, out, ref_epsg, level = job
    T = _T
    n = T["veg"].shape[0]
    h, w = s["h"], s["w"]
    rng = np.random.default_rng([s["seed"], 3, s["i"]])
    ry, rx = ground_index(s, ref_epsg, n)
    q = np.float32(1 / 4096.0)
    # weather: the same for both rows of an acquisition
    ra = np.random.default_rng([s["seed"], 4, s["acq"]])
    oy, ox = (int(v) for v in ra.integers(0, n, 2))
    thr = np.float32(np.quantile(T["cld"][::16, ::16], 1 - s["cloud"]) * q)
    # lists of strips keep the peak memory small
    qa = np.empty((h, w), np.uint16)
    sr = {b: np.empty((h, w), np.uint16) for b in bands if b in SPECTRA}
    fp = np.array(footprint(h, w))
    doy = s["t"].timetuple().tm_yday
    season = np.float32(0.5 + 0.5 * math.cos(2 * math.pi * (doy - 30) / 365.25))  # southern summer maximum
    ncl = nsh = nval = 0
    cols = np.arange(w, dtype=np.float32)[None, :] + 0.5
    sdx, sdy = 26, 18  # shadow displacement, pixels
    B = 512
    for b in range(0, h, B):
        e = slice(b, min(h, b + B))
        r, c = ry[e], rx[e]
        veg, bri, wat = (T[k][r, c] * q for k in ("veg", "bri", "wat"))
        cr, cc = (r + oy) % n, (c + ox) % n
        cld = T["cld"][cr, cc] * q - thr
        shd = T["cld"][(cr - sdy) % n, (cc - sdx) % n] * q - thr
        rows = np.arange(e.start, e.stop, dtype=np.float32)[:, None] + 0.5
        valid = np.ones(veg.shape, bool)
        for k in range(4):
            (x0, y0), (x1, y1) = fp[k], fp[(k + 1) % 4]
            valid &= (x1 - x0) * (rows - y0) - (y1 - y0) * (cols - x0) >= 0
        water = wat < -1.15
        cloud = cld > 0
        shadow = (shd > 0) & ~cloud
        v = np.clip(0.45 + 0.28 * veg, 0, 1) * (0.45 + 0.55 * season)
        bright = np.clip(1 + 0.22 * bri, 0.35, 1.9)
        alpha = np.clip(cld * 3.2 + 0.15, 0, 1) * (cld > -0.05)
        # ---- QA
        Q = np.full(veg.shape, 21824, np.uint16)
        Q[water] = 21952
        snow = (bri > 2.6) & ~water
        Q[snow] = 30048
        ring = (cld > -0.06) & ~cloud
        Q[ring] = 21826
        Q[ring & water] = 21890
        mid = (cld > -0.02) & ~cloud
        Q[mid] = 22080
        Q[shadow] = 23888
        Q[shadow & water] = 23952
        cir = (veg + bri > 2.9) & ~cloud & ~shadow
        Q[cir] = 54596
        Q[cloud] = 22280
        both = cloud & (shd > 0) & (cld < 0.05)
        Q[both] = 24344
        Q[cloud & (cld > 1.0)] = 55052
        Q[~valid] = 1
        qa[e] = Q
        nval += int(valid.sum())
        ncl += int((cloud & valid).sum())
        nsh += int((shadow & valid).sum())
        for bnd, dst in sr.items():
            a_v, a_s, a_w, a_c = SPECTRA[bnd]
            R = v * a_v + (1 - v) * a_s
            R *= bright
            R[water] = a_w
            R[snow] = 0.8 if bnd in ("red", "nir08", "green", "blue", "coastal") else 0.1
            R[shadow] *= 0.55
            R += alpha * (a_c - R)
            D = (R + 0.2) / 2.75e-5
            D += rng.standard_normal(D.shape, dtype=np.float32) * np.float32(36.0)
            D = np.clip(D, 1, 65535).astype(np.uint16)
            D[~valid] = 0
            dst[e] = D
    # ---- awkward pixels (deterministic, few)
    m = max(8, h * w // 400_000)

    def spots(k, size):
        y = rng.integers(h // 4, 3 * h // 4, k)
        x = rng.integers(w // 4, 3 * w // 4, k)
        return [(slice(a, a + size), slice(b2, b2 + size)) for a, b2 in zip(y, x)]

    for lst, size, which, val in (
        (spots(m, 3), 3, ("red",), 0),
        (spots(m, 3), 3, ("nir08",), 0),
        (spots(m, 4), 4, tuple(sr), 0),
        (spots(m, 1), 1, ("red", "nir08"), 65535),
        (spots(m, 2), 2, ("red",), 6500),
    ):
        for sl in lst:
            for bnd in which:
                if bnd in sr:
                    keep = qa[sl] == 1
                    sr[bnd][sl] = np.where(keep, 0, val)
    d = os.path.join(out, s["id"])
    os.makedirs(d, exist_ok=True)
    for bnd in bands:
        p = os.path.join(d, f"{s['id']}_{ALL_BANDS[bnd][0]}.TIF")
        if bnd == "qa_pixel":
            write_cog(p, qa, s, 1, "NEAREST", level)
        elif bnd == "qa_radsat":
            write_cog(p, np.where(qa == 1, 1, 0).astype(np.uint16), s, 1, "NEAREST", level)
        elif bnd == "qa_aerosol":
            write_cog(p, np.where(qa == 1, 1, 96).astype(np.uint8), s, 1, "NEAREST", level)
        else:
            write_cog(p, sr[bnd], s, 0, "AVERAGE", level)
    it = item(s, bands, ncl / max(nval, 1), nsh / max(nval, 1))
    with open(os.path.join(d, s["id"] + ".json"), "w") as f:
        json.dump(it, f, indent=1)
    return it


def item(s, bands, cc, cs):
    tr = Affine(RES, 0, s["left"], 0, -RES, s["top"])
    ring = footprint(s["h"], s["w"])
    pts = [tr * p for p in ring]
    lon, lat = warp_pts(CRS.from_epsg(s["epsg"]), CRS.from_epsg(4326), [p[0] for p in pts], [p[1] for p in pts])
    coords = [[round(x, 6), round(y, 6)] for x, y in zip(lon, lat)]
    coords = coords[::-1] + [coords[-1]]
    l, b, r, t = s["left"], s["top"] - s["h"] * RES, s["left"] + s["w"] * RES, s["top"]
    bb = [round(v, 6) for v in transform_bounds(CRS.from_epsg(s["epsg"]), CRS.from_epsg(4326), l, b, r, t)]
    assets = {}
    for bnd in bands:
        suf, name, cw, fw = ALL_BANDS[bnd]
        qa = name is None
        rb = {
            "nodata": 1 if qa else 0,
            "data_type": "uint8" if bnd == "qa_aerosol" else "uint16",
            "spatial_resolution": 30,
        }
        rb.update({"unit": "bit index"} if qa else {"scale": 2.75e-5, "offset": -0.2})
        assets[bnd] = {
            "href": f"./{s['id']}_{suf}.TIF",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "title": bnd,
            "roles": ["data"] if not qa else ["quality"],
            "raster:bands": [rb],
        }
        if not qa:
            assets[bnd]["eo:bands"] = [
                {"name": f"OLI_{suf[3:]}", "common_name": name, "center_wavelength": cw, "full_width_half_max": fw}
            ]
    tm = s["t"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": s["id"],
        "stac_extensions": [
            "https://stac-extensions.github.io/eo/v1.0.0/schema.json",
            "https://stac-extensions.github.io/projection/v1.0.0/schema.json",
            "https://stac-extensions.github.io/raster/v1.0.0/schema.json",
            "https://stac-extensions.github.io/view/v1.0.0/schema.json",
            "https://landsat.usgs.gov/stac/landsat-extension/v1.1.1/schema.json",
        ],
        "collection": "landsat-c2-l2",
        "bbox": bb,
        "geometry": {"type": "Polygon", "coordinates": [coords]},
        "properties": {
            "datetime": tm,
            "created": tm,
            "gsd": 30,
            "platform": s["platform"],
            "instruments": ["oli", "tirs"],
            "eo:cloud_cover": round(100 * cc, 2),
            "landsat:cloud_cover_land": round(100 * cc, 2),
            "view:off_nadir": 0,
            "view:sun_azimuth": round(60 + 25 * math.sin(s["acq"]), 8),
            "view:sun_elevation": round(45 + 15 * math.cos(s["acq"]), 8),
            "proj:epsg": s["epsg"],
            "proj:shape": [s["h"], s["w"]],
            "proj:transform": [RES, 0.0, l, 0.0, -RES, t],
            "landsat:wrs_path": s["wrs"][0],
            "landsat:wrs_row": s["wrs"][1],
            "landsat:wrs_type": "2",
            "landsat:collection_category": "T1",
            "landsat:collection_number": "02",
            "landsat:correction": "L2SP",
            "landsat:scene_id": f"LC{s['platform'][-1]}{s['wrs'][0]}{s['wrs'][1]}{s['t']:%Y%j}SYN00",
        },
        "assets": assets,
        "links": [],
    }


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", required=True)
    ap.add_argument("--scenes", type=int, default=6)
    ap.add_argument("--size", type=int, default=1024, help="nominal scene side in pixels (each scene differs a little)")
    ap.add_argument("--tile-overlap", type=float, default=0.15, help="overlap of two rows of one path (fraction)")
    ap.add_argument("--path-overlap", type=float, default=0.30, help="overlap of neighbouring paths (fraction)")
    ap.add_argument("--epsg", type=int, nargs="+", default=[32619, 32618])
    ap.add_argument("--out-epsg", type=int, default=32718, help="CRS of grid.json")
    ap.add_argument("--center", type=float, nargs=2, default=[-71.2, -29.9])
    ap.add_argument("--year", type=int, default=2021)
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--bands", nargs="+", default=["red", "nir08", "qa_pixel"], choices=list(ALL_BANDS))
    ap.add_argument("--level", type=int, default=6)
    ap.add_argument("--jobs", type=int, default=2)
    a = ap.parse_args()
    t0 = time.time()
    os.makedirs(a.out, exist_ok=True)
    scenes = plan(a)
    tex = textures(a.seed)
    with ProcessPoolExecutor(a.jobs, initializer=_init, initargs=(tex,)) as ex:
        items = list(ex.map(make_scene, [(s, a.bands, a.out, a.epsg[0], a.level) for s in scenes]))
    for it in items:  # hrefs relative to items.json
        for k in it["assets"].values():
            k["href"] = f"./{it['id']}/" + k["href"][2:]
    with open(os.path.join(a.out, "items.json"), "w") as f:
        json.dump({"type": "FeatureCollection", "features": items}, f, indent=1)
    # one output grid for all who compare: union of the footprints in --out-epsg, edges snapped to multiples of 30 m
    dst = CRS.from_epsg(a.out_epsg)
    bs = [
        transform_bounds(
            CRS.from_epsg(s["epsg"]),
            dst,
            s["left"],
            s["top"] - s["h"] * RES,
            s["left"] + s["w"] * RES,
            s["top"],
            densify_pts=21,
        )
        for s in scenes
    ]
    l = math.floor(min(b[0] for b in bs) / RES) * RES
    bo = math.floor(min(b[1] for b in bs) / RES) * RES
    r = math.ceil(max(b[2] for b in bs) / RES) * RES
    t = math.ceil(max(b[3] for b in bs) / RES) * RES
    with open(os.path.join(a.out, "grid.json"), "w") as f:
        json.dump(
            {
                "epsg": a.out_epsg,
                "resolution": RES,
                "transform": [RES, 0, l, 0, -RES, t],
                "shape": [round((t - bo) / RES), round((r - l) / RES)],
                "bbox": [l, bo, r, t],
            },
            f,
            indent=1,
        )
    size = sum(os.path.getsize(os.path.join(p, f)) for p, _, fs in os.walk(a.out) for f in fs if f.endswith(".TIF"))
    raw = sum(s["h"] * s["w"] * 2 * len(a.bands) for s in scenes)
    print(
        f"{len(scenes)} scenes, {size/1e9:.3f} GB on disk, {raw/1e9:.3f} GB raw at full resolution, "
        f"{time.time()-t0:.1f} s"
    )


if __name__ == "__main__":
    main()
