"""Which pixels the flags of Landsat Collection 2 let count."""

import numpy as np

FLAG_BITS = {
    "nodata": 0,
    "dilated_cloud": 1,
    "cirrus": 2,
    "cloud": 3,
    "cloud_shadow": 4,
    "snow": 5,
    "clear": 6,
    "water": 7,
}
CONFIDENCE_SHIFT = {"cloud": 8, "cloud_shadow": 10, "snow": 12, "cirrus": 14}
CONFIDENCE = {"low": 1, "medium": 2, "high": 3}


def flag_is_set(qa, name):
    """A flag's bit, or FLAG:LEVEL = that confidence or above."""
    name, _, level = name.partition(":")
    if level:
        return (qa >> CONFIDENCE_SHIFT[name] & 3) >= CONFIDENCE[level]
    return (qa >> FLAG_BITS[name] & 1) == 1


def counts_by_flags(qa, options):
    """Whether the flags let a pixel count."""
    if options.keep_bits:
        return np.logical_and.reduce([(qa & mask) == value for mask, value in options.keep_bits])
    if options.keep_values:
        return np.isin(qa, options.keep_values)
    if options.reject_values:
        return ~np.isin(qa, options.reject_values)
    return ~np.logical_or.reduce([np.zeros(qa.shape, bool)] + [flag_is_set(qa, name) for name in options.mask_out])
