"""On an aligned grid the program gives what odc-stac and xarray give: counts equal, means within float32's rounding."""

import json

import numpy as np
import pystac
import pytest

import compare

BITS = (1 << 0) | (1 << 3) | (1 << 4) | (1 << 7)  # nodata, cloud, cloud_shadow, water


@pytest.mark.filterwarnings("ignore")
def test_equals_odc_stac_and_xarray(program, items, tmp_path):
    import odc.stac

    # One zone, so that nothing is resampled; odc-stac's own lattice is that of the scenes.
    features = [f for f in json.loads(items.read_text())["features"] if f["properties"]["proj:epsg"] == 32619]
    for feature in features:
        for asset in feature["assets"].values():
            asset["href"] = str((items.parent / asset["href"]).resolve())
    catalog = tmp_path / "zone.json"
    catalog.write_text(json.dumps({"type": "FeatureCollection", "features": features}))

    out = program.composite(
        catalog, "--fuse", "band", "--scaling", "none", "--mask-out", "nodata,cloud,cloud_shadow,water"
    )
    mean, count, labels, crs, transform = compare.read_outputs(out)

    from odc.geo.geobox import GeoBox

    data = odc.stac.load(
        [pystac.Item.from_dict(feature) for feature in features],
        bands=["red", "nir08", "qa_pixel"], groupby="solar_day", geobox=GeoBox(count.shape[1:], transform, crs),
    )  # fmt: skip
    valid = ((data.qa_pixel & BITS) == 0) & (data.red != 0) & (data.nir08 != 0)
    red, nir = (data[band].where(valid).astype("float64") for band in ("red", "nir08"))
    ndvi = (nir - red) / (nir + red)
    theirs_mean, theirs_count = ndvi.groupby("time.season").mean("time"), ndvi.notnull().groupby("time.season").sum(
        "time"
    )
    for k, season in enumerate(labels):
        if season not in theirs_count.season.values:
            assert count[k].sum() == 0
            continue
        expected = theirs_count.sel(season=season).values
        assert expected.sum() > 0
        assert np.array_equal(count[k], expected)
        apart = np.abs(mean[k] - theirs_mean.sel(season=season).values)
        assert np.nanmax(apart) <= 3e-7
