"""Whatever the options, the result is that of the numpy reference: counts equal, means within 1e-6."""

import numpy as np
import pytest

import compare
from cases import CASES, SMOKE, allowed_share, arguments, options_of
from composite import composite
from dates import read_items
from grids import output_grid


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.smoke) if name in SMOKE else name for name in CASES]
)
def test_equals_the_reference(program, items, name):
    case = CASES[name]
    options = options_of(case)
    features = read_items(items)
    out = program.composite(items, *arguments(case))
    mean, count, labels, crs, transform = compare.read_outputs(out, options.index.split("=")[0])

    grid = output_grid(features, options)
    assert count.shape[1:] == grid.shape
    assert np.allclose(tuple(transform)[:6], grid.transform, rtol=0, atol=1e-9 * abs(grid.transform[2]))
    assert crs.to_string() == grid.crs

    expected = composite(features, options, grid)
    assert labels == expected.labels
    assert expected.count.sum() > 1000, "the case tests nothing"
    difference = compare.difference(
        mean, count, expected.mean, expected.count, expected.sensitivity, allowed_share(case)
    )
    assert difference.agrees, difference


def test_several_indices_in_one_pass_are_those_of_single_runs(program, items):
    both = program.composite(items, "--index", "ndvi,red=red", out="both")
    for index, words in {"ndvi": "ndvi", "red": "red=red"}.items():
        alone = program.composite(items, "--index", words, out=index)
        for reducer in ("mean", "count"):
            file = f"{index}_{reducer}.tif"
            assert (both / file).read_bytes() == (alone / file).read_bytes()


def test_like_takes_the_grid_of_a_raster(program, items):
    import rasterio

    first = program.composite(items, "--crs", "EPSG:3857", "--resolution", 50, out="first")
    second = program.composite(items, "--like", first / "ndvi_mean.tif", out="second")
    with rasterio.open(first / "ndvi_mean.tif") as a, rasterio.open(second / "ndvi_mean.tif") as b:
        assert a.transform == b.transform and a.crs == b.crs and a.shape == b.shape
        assert np.array_equal(a.read(), b.read(), equal_nan=True)


def test_like_with_bbox_is_cropped_on_its_own_lattice(program, items):
    import rasterio

    whole = program.composite(items, "--crs", "EPSG:32719", "--resolution", 50, "--anchor", "13,7", out="whole")
    part = program.composite(items, "--like", whole / "ndvi_mean.tif", "--bbox=-72.03,-39.42,-71.98,-39.39", out="part")
    with rasterio.open(whole / "ndvi_mean.tif") as a, rasterio.open(part / "ndvi_mean.tif") as b:
        window = rasterio.windows.from_bounds(*b.bounds, a.transform)
        offsets = (window.col_off, window.row_off, window.width, window.height)
        assert np.allclose(offsets, np.round(offsets), atol=1e-6)
        assert np.array_equal(a.read(window=window.round_offsets().round_lengths()), b.read(), equal_nan=True)


def test_a_folder_is_the_collection_of_its_items(program, archive, items):
    """The same scene, once in items.json and once beside its rasters, counts once."""
    whole = program.composite(items, out="whole")
    folder = program.composite(archive, out="folder")
    assert (whole / "ndvi_mean.tif").read_bytes() == (folder / "ndvi_mean.tif").read_bytes()


def test_an_absent_product_is_replaced_by_options(program, items):
    recognised = program.composite(items, "--valid-range", "none", "--mask-out", "nodata,cloud", out="a")
    by_hand = program.composite(
        items, "--valid-range", "none", "--band", "red=red", "--band", "nir=nir08",
        "--qa-band", "qa_pixel", "--keep-bits", "1=0,0x8=0", out="b",
    )  # fmt: skip
    assert (recognised / "ndvi_mean.tif").read_bytes() == (by_hand / "ndvi_mean.tif").read_bytes()
