"""The option combinations that are compared with the numpy reference, the defaults first."""

from composite import Options, parse_resampling

# Options of the reference; `arguments` says the same on the command line.
CASES = {
    "defaults": {},
    "bilinear": {"resampling": "bilinear"},
    "cubic": {"resampling": "cubic"},
    "average": {"resampling": "average"},
    "mode": {"resampling": "mode"},
    "mixed": {"resampling": "red=average,*=bilinear"},
    "flags by mode": {"resampling": "*=average,qa_pixel=mode", "resolution": 60},
    "finer": {"resampling": "bilinear", "resolution": 20},
    "coarser average": {"resampling": "average", "resolution": 100},
    "coarser mode": {"resampling": "mode", "resolution": 90},
    "coarser cubic": {"resampling": "cubic", "resolution": 45},
    "coarser nearest": {"resolution": 60},
    "other zone": {"crs": "EPSG:32618"},
    "southern zone": {"crs": "EPSG:32718", "resampling": "average"},
    "degrees": {"crs": "EPSG:4326", "resolution": 0.0003},
    "degrees average": {"crs": "EPSG:4326", "resolution": 0.0004, "resampling": "average"},
    "mercator": {"crs": "EPSG:3857", "resolution": 40, "resampling": "cubic"},
    "fuse band": {"fuse": "band"},
    "fuse band average": {"fuse": "band", "resampling": "average"},
    "scenes": {"groupby": "scene"},
    "stored numbers": {"scaling": "none"},
    "stored numbers, band, average": {"scaling": "none", "fuse": "band", "resampling": "average"},
    "whole range": {"valid_range": "none"},
    "no mask": {"no_mask": True},
    "more flags": {"mask_out": ["nodata", "cloud", "cloud_shadow", "water", "snow"]},
    "confidence": {"mask_out": ["nodata", "cirrus:high", "cloud:medium"]},
    "season-year": {"period": "season-year"},
    "month": {"period": "month"},
    "month-year": {"period": "month-year"},
    "year": {"period": "year"},
    "all": {"period": "all"},
    "one band": {"index": "red=red"},
    "one band, stored, bilinear": {"index": "nir=nir08", "scaling": "none", "resampling": "bilinear"},
    "bbox": {"bbox": (-72.04, -39.43, -71.97, -39.38)},
    "bbox, average, coarser": {"bbox": (-72.04, -39.43, -71.97, -39.38), "resampling": "average", "resolution": 75},
    "bits by hand": {"keep_bits": [(1, 0), (8, 0), (16, 0), (128, 0)]},
    "values kept by hand": {"keep_values": [21824, 21952]},
    "values rejected by hand": {"reject_values": [1, 22280, 24344, 55052]},
}
SMOKE = {"defaults", "southern zone", "fuse band average"}


def arguments(case):
    """The command line of a case."""
    words = []
    for name, value in case.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            words.append(option)
        elif name == "keep_bits":
            words += ["--qa-band", "qa_pixel", option, ",".join(f"{mask}={bits}" for mask, bits in value)]
        elif name in ("keep_values", "reject_values"):
            words += ["--qa-band", "qa_pixel", option, ",".join(map(str, value))]
        elif isinstance(value, (list, tuple)):
            words.append(f"{option}={','.join(map(str, value))}")
        else:
            words += [option, value]
    return words


def options_of(case):
    values = dict(case)
    if "resampling" in values:
        values["resampling"] = parse_resampling(values["resampling"])
    return Options(**values)


def allowed_share(case):
    """The share of pixels that may be off: with cubic also those near holes, where the weights left nearly cancel
    (their sum is a divisor)."""
    return 1e-5 if "cubic" in case.get("resampling", "") else 2e-6
